using System.Globalization;

namespace Perdure.Owning;

/// <summary>
/// What the nodes tell one another so that nobody needs to wait for the next look: a few letters each, gathered and sent as one notification from the keeper's connection, never inside of a
/// commit that others wait for. Nothing rests on their arrival.
/// </summary>
internal sealed class Wakes
{
    /// <summary>Nodes or lanes have changed: look.</summary>
    public const string Look = "l";

    /// <summary>The listener is to end.</summary>
    public const string End = "e";

    private const int TokensInOne = 400;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _out = [];
    private long _moved, _movedSent;

    /// <summary>Whether there is nothing to send.</summary>
    public bool IsEmpty
    {
        get { lock (_gate) return _out.Count == 0 && _moved == _movedSent; }
    }

    /// <summary>Something is to be sent, or was heard.</summary>
    public Action Woken { get; set; } = () => { };

    /// <summary>An answer to a command is there; called from the thread that heard of it.</summary>
    public event Action<long>? Answered;

    /// <summary>Commands may have come into the lane's inbox; called from the thread that heard of it.</summary>
    public event Action<int>? Arrived;

    /// <summary>The log has grown; called from the thread that heard of it.</summary>
    public event Action<long>? Moved;

    /// <summary>Nodes or lanes have changed; called from the thread that heard of it.</summary>
    public event Action? Changed;

    /// <summary>A command was kept for an instance of the lane.</summary>
    public void Sent(int lane)
    {
        Arrived?.Invoke(lane);
        Put(string.Create(CultureInfo.InvariantCulture, $"i{lane}"));
    }

    /// <summary>The command at that place in the inbox was answered.</summary>
    public void Answer(long position)
    {
        Answered?.Invoke(position);
        Put(string.Create(CultureInfo.InvariantCulture, $"a{position}"));
    }

    /// <summary>The log has grown up to that position.</summary>
    public void Grew(long position)
    {
        lock (_gate)
        {
            if (position <= _moved) return;
            _moved = position;
        }
        Moved?.Invoke(position);
        Woken();
    }

    /// <summary>What is to be sent, each with the sender's mark before it; nothing where there is nothing.</summary>
    public IReadOnlyList<string> Drain(string mark)
    {
        string[] tokens;
        lock (_gate)
        {
            if (_moved > _movedSent)
            {
                _movedSent = _moved;
                _out.Add(string.Create(CultureInfo.InvariantCulture, $"m{_moved}"));
            }
            if (_out.Count == 0) return [];
            tokens = [.. _out];
            _out.Clear();
        }
        return [.. tokens.Chunk(TokensInOne).Select(some => mark + " " + string.Join(' ', some))];
    }

    /// <summary>Puts what could not be sent.</summary>
    public void PutBack(IReadOnlyList<string> payloads)
    {
        lock (_gate)
            foreach (var payload in payloads) _out.UnionWith(payload.Split(' ').Skip(1));
    }

    /// <summary>Takes up a notification; says whether the listener is to go on. A node does not listen to itself.</summary>
    public bool Hear(string payload, string mark)
    {
        var tokens = payload.Split(' ');
        if (tokens[0] == mark) return !tokens.Contains(End);
        foreach (var token in tokens.Skip(1))
        {
            if (token == Look) Changed?.Invoke();
            else if (token.Length > 1 && long.TryParse(token.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                Hear(token[0], number);
        }
        return true;
    }

    private void Hear(char what, long number)
    {
        switch (what)
        {
            case 'i': Arrived?.Invoke((int)number); break;
            case 'a': Answered?.Invoke(number); break;
            case 'm': Moved?.Invoke(number); break;
        }
    }

    private void Put(string token)
    {
        lock (_gate)
            if (!_out.Add(token)) return;
        Woken();
    }
}
