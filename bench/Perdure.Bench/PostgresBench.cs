using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres;

namespace Perdure.Bench;

/// <summary>
/// The PostgreSQL store alone, beside the raw limit in the same run: workflows of five steps in batches of their lanes, two batches of each lane on their way, as the runtime's
/// group commit gives them; and binary COPY of rows of 300 bytes in transactions of 500 on two connections.
/// </summary>
internal static class PostgresBench
{
    private const int RawRows = 500, RawBytes = 300;

    public static async Task Run(Options options)
    {
        var connection = options.Text("Connection");
        for (var round = 0; round < options.Int("Rounds", 1); round++)
        {
            var raw = Raw(connection, options.Double("RawSeconds", 5));
            foreach (var writers in options.Numbers("Writers", [2]))
            {
                var (steps, line) = await Store(connection, writers, options);
                Console.WriteLine($"store   {line}");
                Console.WriteLine($"ratio   {steps / raw:P1} of the raw rows: steps/s ÷ rows/s");
            }
        }
    }

    private static double Raw(string connectionString, double seconds)
    {
        var text = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        using var admin = new NpgsqlConnection(text);
        admin.Open();
        Execute(admin, "DROP TABLE IF EXISTS perdure_raw; CREATE TABLE perdure_raw (id bigint PRIMARY KEY, body bytea NOT NULL)");
        var (rows, body, ends) = (0L, new byte[RawBytes], false);
        Random.Shared.NextBytes(body);
        var threads = Enumerable.Range(0, 2).Select(which => new Thread(() =>
        {
            using var connection = new NpgsqlConnection(text);
            connection.Open();
            var id = (long)which << 40;
            while (!Volatile.Read(ref ends))
            {
                using (var copy = connection.BeginBinaryImport("COPY perdure_raw (id, body) FROM STDIN (FORMAT BINARY)"))
                {
                    for (var i = 0; i < RawRows; i++)
                    {
                        copy.StartRow();
                        copy.Write(++id, NpgsqlDbType.Bigint);
                        copy.Write(body, NpgsqlDbType.Bytea);
                    }
                    copy.Complete();
                }
                Interlocked.Add(ref rows, RawRows);
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        Thread.Sleep(500);
        var (began, before) = (Stopwatch.GetTimestamp(), Interlocked.Read(ref rows));
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        var rate = (Interlocked.Read(ref rows) - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        Volatile.Write(ref ends, true);
        foreach (var thread in threads) thread.Join();
        Execute(admin, "DROP TABLE perdure_raw");
        Console.WriteLine($"raw     {rate,10:N0} rows/s by binary COPY, {RawRows} a transaction, two connections");
        return rate;
    }

    private static async Task<(double Steps, string Line)> Store(string connectionString, int writers, Options options)
    {
        var (lanes, inFlight, seconds) = (options.Int("Lanes", 12), options.Int("InFlight", 1_000), options.Double("Seconds", 10));
        var schema = "perdure_bench";
        await using var admin = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await admin.OpenAsync();
        // A schema that was made beforehand is for comparing variants of it.
        if (options.Int("Prepared", 0) == 0) Execute(admin, $"DROP SCHEMA IF EXISTS {schema} CASCADE");
        Execute(admin, "CHECKPOINT");
        var settings = new PostgresStoreOptions { ConnectionString = connectionString, Schema = schema, Lanes = lanes, Writers = writers };
        await using var store = new PostgresStore(settings, NullLogger<PostgresStore>.Instance);
        var owned = await store.Open(new("bench", Environment.ProcessId, "bench"), default);
        await store.Register(Workflows.Map, default);

        var work = new Workflows();
        var all = owned.Lanes.Select(l => new BenchLane(store, l, work, inFlight / lanes)).ToList();
        foreach (var lane in all) lane.Begin();
        await Task.Delay(TimeSpan.FromSeconds(2));
        var (items, commits, cpu, threads) = (all.Sum(l => l.Items), Commits(admin), Process.GetCurrentProcess().TotalProcessorTime, Threads.Cpu());
        var (server, machine) = (Server(admin, schema), Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var elapsed = Stopwatch.GetElapsedTime(machine).TotalSeconds;
        items = all.Sum(l => l.Items) - items;
        server = Server(admin, schema) - server;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        commits = Commits(admin) - commits;
        var busy = Threads.Cpu().ToDictionary(t => t.Key, t => t.Value - threads.GetValueOrDefault(t.Key));
        await Task.WhenAll(all.Select(l => l.End()));
        var workflows = items / (double)(Workflows.Steps + 1) / elapsed;
        var bytes = One<long>(admin, $"SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'");
        var steps = workflows * Workflows.Steps;
        await store.Close(default);
        return (steps, string.Create(CultureInfo.InvariantCulture,
            $"{steps,10:N0} steps/s = {workflows:N0} workflows/s; {writers} writers, {lanes} lanes, {inFlight} in flight: {items / Math.Max(1, commits):N0} items a transaction, {commits / elapsed:N0} transactions/s; "
            + $"processor for a workflow: {cpu.TotalSeconds * 1e6 / (workflows * elapsed):0} µs here (writers {busy.Where(t => t.Key.StartsWith("perdure-write", StringComparison.Ordinal)).Sum(t => t.Value) * 1e6 / (workflows * elapsed):0}), "
            + $"{server * 1e6 / (workflows * elapsed):0} µs in backends; {bytes / 1e3 / work.Made:0.00} KB a workflow"));
    }

    // Processor time of the backends that write, where the server runs on this machine.
    private static double Server(NpgsqlConnection admin, string schema)
    {
        var seconds = 0.0;
        using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'perdure%' OR backend_type IN ('walwriter', 'checkpointer', 'background writer')", admin);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var stat = $"/proc/{reader.GetInt32(0)}/stat";
            if (!File.Exists(stat)) continue;
            var fields = File.ReadAllText(stat);
            var times = fields[(fields.LastIndexOf(')') + 2)..].Split(' ');
            seconds += (double.Parse(times[11], CultureInfo.InvariantCulture) + double.Parse(times[12], CultureInfo.InvariantCulture)) / 100;
        }
        return seconds;
    }

    private static long Commits(NpgsqlConnection admin) => One<long>(admin, "SELECT sum(marker)::bigint FROM perdure_bench.lane") is var markers && markers >= 0
        ? One<long>(admin, "SELECT pg_current_xact_id()::text::bigint") : 0;

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        command.ExecuteNonQuery();
    }

    private static T One<T>(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return (T)command.ExecuteScalar()!;
    }
}
