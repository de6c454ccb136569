using Npgsql;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>A process of the shop that is one node of several, and what stands between it and the database.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly string[] _settings;
    private readonly string _folder;
    private readonly NodeLog _log;

    /// <param name="name">What it is called in the logs.</param>
    /// <param name="folder">Where its files would be, if it had any.</param>
    /// <param name="database">How the database is reached.</param>
    /// <param name="isCuttable">Whether it is reached by a proxy.</param>
    /// <param name="log">Where everything is written that it says.</param>
    /// <param name="settings">Of the shop.</param>
    public ClusterNode(string name, string folder, string database, bool isCuttable, NodeLog log, IEnumerable<string> settings)
    {
        (Name, _folder, _log) = (name, folder, log);
        if (isCuttable)
        {
            var to = new NpgsqlConnectionStringBuilder(database);
            Proxy = new(to.Host!, to.Port);
            database = new NpgsqlConnectionStringBuilder(database) { Host = "127.0.0.1", Port = Proxy.Port }.ToString();
        }
        _settings = ["--store", "postgres", "--connection", database, .. settings];
    }

    public string Name { get; }

    /// <summary>Between it and the database; null where it is connected straight.</summary>
    public FaultProxy? Proxy { get; }

    /// <summary>Null while none runs.</summary>
    public ShopProcess? Process { get; private set; }

    /// <summary>Whether it was stopped with SIGSTOP.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Whether a customer would be sent to it.</summary>
    public bool Answers => Process is { HasExited: false } && !IsFrozen;

    public async Task Start(CancellationToken cancellation) => Process = await ShopProcess.Start(_folder, _settings, cancellation, heard: line => _log.Write(Name, line));

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        var process = Process!;
        Process = null;
        await process.DisposeAsync();
        _log.Write(Name, "--- killed");
    }

    /// <summary>SIGTERM, and a look whether it ended in good order.</summary>
    public async Task Leave(CancellationToken cancellation)
    {
        var process = Process!;
        Process = null;
        _log.Write(Name, "--- told to end");
        Assert.True(await process.Terminate(cancellation) == 0, $"{Name} did not end in good order:\n{process.Said}");
        await process.DisposeAsync();
    }

    public void Freeze()
    {
        IsFrozen = true;
        Process!.Signal("STOP");
        _log.Write(Name, "--- frozen");
    }

    public void Wake()
    {
        _log.Write(Name, "--- woken");
        Process!.Signal("CONT");
        IsFrozen = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is not null) await Process.DisposeAsync();
        if (Proxy is not null) await Proxy.DisposeAsync();
    }
}
