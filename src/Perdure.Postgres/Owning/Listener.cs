using Perdure.Postgres.Database;
using Npgsql;
using Perdure.Owning;

namespace Perdure.Postgres.Owning;

/// <summary>
/// Hears what other nodes tell. It has a connection and a thread of its own, because one that waits for notifications cannot be woken to renew a lease. Without it everything still comes
/// about, a tick later.
/// </summary>
internal sealed class Listener
{
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromMilliseconds(250);

    private readonly NpgsqlDataSource _source;
    private readonly Wakes _wakes;
    private readonly string _name, _channel, _mark;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    public Listener(NpgsqlDataSource source, Wakes wakes, string name, string channel, string mark)
    {
        (_source, _wakes, _name, _channel, _mark) = (source, wakes, name, channel, mark);
        _thread = new(Run) { IsBackground = true, Name = "perdure listener" };
    }

    /// <summary>How often it has begun to listen.</summary>
    public int Times { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Asks it to end. It does when it hears anything, or at its next probe.</summary>
    public void Stop() => _stop.Set();

    public bool Join(TimeSpan within) => _thread.Join(within);

    private void Run()
    {
        while (!_stop.IsSet)
        {
            try { Listen(); }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // The keeper tells of the outage; what is not heard is found by looking.
                _stop.Wait(Pause);
            }
        }
    }

    private void Listen()
    {
        using var connection = _source.OpenConnection();
        var goesOn = true;
        connection.Notification += (_, n) => goesOn &= _wakes.Hear(n.Payload, _mark);
        using (var name = new NpgsqlCommand(SqlText.Statement("listen"), connection))
        {
            name.Parameters.Add(new() { Value = _name });
            name.ExecuteNonQuery();
        }
        using (var listen = new NpgsqlCommand($"LISTEN {_channel}", connection)) listen.ExecuteNonQuery();
        Times++;
        _wakes.Hear("0 " + Wakes.Look, _mark);
        while (!_stop.IsSet && goesOn)
        {
            if (connection.Wait(Probe)) continue;
            using var alive = new NpgsqlCommand("SELECT 1", connection) { CommandTimeout = 2 };
            alive.ExecuteNonQuery();
        }
    }
}
