using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Perdure.Bench;

/// <summary>The raw limit of a PostgreSQL: rows of 300 bytes by binary COPY in transactions of 500 on two connections into one ordinary table without an index.</summary>
internal static class RawPostgresBench
{
    private const int Rows = 500, Connections = 2;

    public static void Run(Options options)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(options.Text("Connection")) { Pooling = false }.ToString();
        Execute(connectionString, "DROP TABLE IF EXISTS raw_row; CREATE TABLE raw_row (body bytea NOT NULL); ALTER TABLE raw_row ALTER body SET STORAGE PLAIN");
        long count = 0;
        using var stop = new CancellationTokenSource();
        List<Exception> faults = [];
        Thread[] threads = [.. Enumerable.Range(0, Connections).Select(_ => new Thread(() =>
        {
            try { Write(connectionString, () => Interlocked.Add(ref count, Rows), stop.Token); }
            catch (NpgsqlException exception) { lock (faults) faults.Add(exception); }
        }))];
        foreach (var thread in threads) thread.Start();
        Thread.Sleep(TimeSpan.FromSeconds(options.Double("Warmup", 2)));
        Marks.Say("begin");
        var (before, began) = (Interlocked.Read(ref count), Stopwatch.GetTimestamp());
        Thread.Sleep(TimeSpan.FromSeconds(options.Double("Seconds", 5)));
        var (rows, took) = (Interlocked.Read(ref count) - before, Stopwatch.GetElapsedTime(began).TotalSeconds);
        Marks.Say("end", ("rows", rows), ("seconds", took));
        stop.Cancel();
        foreach (var thread in threads) thread.Join();
        if (faults.Count > 0) throw new InvalidOperationException("The rows could not be written.", faults[0]);
        Marks.Say("drained", ("rows", count));
        options.Found["raw-postgres"] = rows / took;
        Console.WriteLine($"raw     {rows / took,10:N0} rows/s   binary COPY, {Rows} rows of 300 bytes a transaction, {Connections} connections");
        Execute(connectionString, "DROP TABLE raw_row");
    }

    private static void Write(string connectionString, Action written, CancellationToken stop)
    {
        var body = new byte[300];
        Random.Shared.NextBytes(body);
        using var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        while (!stop.IsCancellationRequested)
        {
            using (var copy = connection.BeginBinaryImport("COPY raw_row (body) FROM STDIN (FORMAT BINARY)"))
            {
                for (var i = 0; i < Rows; i++)
                {
                    copy.StartRow();
                    copy.Write(body, NpgsqlDbType.Bytea);
                }
                copy.Complete();
            }
            written();
        }
    }

    private static void Execute(string connectionString, string sql)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
