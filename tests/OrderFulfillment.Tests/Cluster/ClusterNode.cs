using Npgsql;
using Perdure.Tests;
using Shop.Tests.Processes;

namespace Shop.Tests.Cluster;

/// <summary>A process of the shop that is one node of several, and what stands between it and the database.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly List<string> _settings;
    private readonly string _folder;
    private readonly NodeLog _log;
    private readonly bool _isCuttable;
    private readonly List<FaultProxy> _proxies = [];

    /// <param name="name">What it is called in the logs.</param>
    /// <param name="folder">Where its files would be, if it had any.</param>
    /// <param name="databases">How the databases are reached: one, or several under a shard map.</param>
    /// <param name="isCuttable">Whether they are reached by proxies.</param>
    /// <param name="log">Where everything is written that it says.</param>
    /// <param name="settings">Of the shop.</param>
    public ClusterNode(string name, string folder, IReadOnlyList<string> databases, bool isCuttable, NodeLog log, IEnumerable<string> settings)
    {
        (Name, _folder, _log, _isCuttable) = (name, folder, log, isCuttable);
        _settings = [.. databases.Count == 1 ? ["--store", "postgres", "--connection", Reached(databases[0])] : (string[])["--store", "shards"], .. settings];
        if (databases.Count > 1)
            foreach (var database in databases) Add(database);
    }

    private int _databases;

    /// <summary>From its next start on it has one database more.</summary>
    public void Add(string database)
    {
        var name = (char)('a' + _databases);
        _settings.AddRange([$"--Shards:Databases:{_databases}:Name={name}", $"--Shards:Databases:{_databases}:ConnectionString={Reached(database)}"]);
        _databases++;
    }

    /// <summary>From its next start on it has these as the next version of the shard map.</summary>
    public void Divide(int version, string names) => _settings.AddRange(names.Select((name, i) => $"--Shards:Versions:{version - 1}:{i}={name}"));

    private string Reached(string database)
    {
        if (!_isCuttable) return database;
        var to = new NpgsqlConnectionStringBuilder(database);
        var proxy = new FaultProxy(to.Host!, to.Port);
        _proxies.Add(proxy);
        return new NpgsqlConnectionStringBuilder(database) { Host = "127.0.0.1", Port = proxy.Port }.ToString();
    }

    public string Name { get; }

    /// <summary>Which of the ways to its databases a fault befalls.</summary>
    public int Befallen { get; set; }

    /// <summary>Between it and that database; null where it is connected straight.</summary>
    public FaultProxy? Proxy => _proxies.Count > 0 ? _proxies[Befallen % _proxies.Count] : null;

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
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
    }
}
