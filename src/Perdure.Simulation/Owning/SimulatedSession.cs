using Perdure.Simulation.Database;
using Perdure.Simulation.Nodes;

namespace Perdure.Simulation.Owning;

/// <summary>
/// A session at the database, as the server has it: it may hold a node's lock, and it ends with the server, with its process, where it is ended by name, or where nothing was heard of the other
/// side for some seconds.
/// </summary>
internal sealed class SimulatedSession(SimulatedDatabase database, SimulatedNode node)
{
    // As the server's keepalive is set: two seconds of silence, and three probes.
    private const long SilentFor = 5 * TimeSpan.TicksPerSecond;

    private int? _life;
    private bool _ended, _isForsaken;

    /// <summary>By which node it is named; 0 before it is.</summary>
    public int Named { get; set; }

    /// <summary>The node whose lock it holds; 0 where it holds none.</summary>
    public int Locks { get; set; }

    /// <summary>The first request makes it, in the life in which the server is then.</summary>
    public bool IsAlive
    {
        get
        {
            _life ??= database.Life;
            return !(_ended |= _life != database.Life || node.Link.SilentFor >= SilentFor || ((node.Gone || _isForsaken) && node.Link.SilentFor == 0));
        }
    }

    public void End() => _ended = true;

    /// <summary>The other side has closed it, and the server has not heard that: it does once it asks whether somebody is there, and can hear the answer.</summary>
    public void Forsake() => _isForsaken = true;
}

/// <summary>The sessions that hold ownership, as the server sees them: who is there, who has which lock, and who is woken.</summary>
internal sealed class Sessions
{
    private readonly List<SimulatedSession> _all = [];

    /// <summary>Told of each notification.</summary>
    public event Action<string>? Notified;

    public bool IsLocked(int node) => _all.Any(s => s.Locks == node && s.IsAlive);

    /// <summary>By which nodes those are named that are there.</summary>
    public IEnumerable<int> Alive => _all.Where(s => s.IsAlive).Select(s => s.Named);

    public void Add(SimulatedSession session)
    {
        _all.RemoveAll(s => !s.IsAlive);
        if (!_all.Contains(session)) _all.Add(session);
    }

    /// <summary>Ends all that are named by a node.</summary>
    public void EndNamed(int node)
    {
        foreach (var session in _all)
            if (session.Named == node) session.End();
    }

    /// <summary>Ends what holds the node's lock, unless it is this one.</summary>
    public bool Lock(int node, SimulatedSession session)
    {
        var free = true;
        foreach (var other in _all)
        {
            if (other == session || other.Locks != node || !other.IsAlive) continue;
            other.End();
            free = false;
        }
        if (free) session.Locks = node;
        return free;
    }

    public void Notify(string payload) => Notified?.Invoke(payload);
}
