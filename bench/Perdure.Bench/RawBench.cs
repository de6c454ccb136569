using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Perdure.Bench;

/// <summary>
/// The raw limit: rows of 300 bytes in transactions of 500 with the store's pragmas, in one table with nothing else. Once by commands of
/// Microsoft.Data.Sqlite, once by direct statements of the same native library, which is what the store uses.
/// </summary>
internal static class RawBench
{
    private const int Rows = 500;

    public static void Run(Options options)
    {
        Measure(options, "raw-commands", "Microsoft.Data.Sqlite commands", Commands);
        Measure(options, "raw-direct", "direct statements (the store's way)", Direct);
    }

    /// <summary>What the store and the engine did of it in the same run; where the limit was measured twice, of the mean.</summary>
    public static void Ratios(Options options)
    {
        foreach (var what in new[] { "engine", "store" })
            foreach (var kind in new[] { "raw-commands", "raw-direct" })
                Console.WriteLine($"ratio   {what}: {options.Found[what] / options.Found[kind]:P1} of {kind}: {options.Found[what]:N0} steps/s ÷ {options.Found[kind]:N0} rows/s");
    }

    private static void Measure(Options options, string name, string what, Func<SqliteConnection, byte[], Action> prepare)
    {
        var path = options.File("raw.db");
        var body = new byte[300];
        Random.Shared.NextBytes(body);
        var count = 0L;
        double rate;
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            Execute(connection, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536");
            Execute(connection, "CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
            var insert = prepare(connection, body);
            Fill(connection, insert);
            var began = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < options.Double("RawSeconds", options.Double("Seconds", 5)))
            {
                Fill(connection, insert);
                count += Rows;
            }
            rate = count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        options.Found[name] = options.Found.TryGetValue(name, out var before) ? (before + rate) / 2 : rate;
        Console.WriteLine($"raw     {rate,10:N0} rows/s   {what}");
        options.Remove(path);
    }

    private static void Fill(SqliteConnection connection, Action insert)
    {
        Execute(connection, "BEGIN IMMEDIATE");
        for (var i = 0; i < Rows; i++) insert();
        Execute(connection, "COMMIT");
    }

    private static Action Commands(SqliteConnection connection, byte[] body)
    {
        var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO row (body) VALUES ($body)";
        command.Parameters.Add("$body", SqliteType.Blob).Value = body;
        command.Prepare();
        return () => command.ExecuteNonQuery();
    }

    private static Action Direct(SqliteConnection connection, byte[] body)
    {
        raw.sqlite3_prepare_v3(connection.Handle, "INSERT INTO row (body) VALUES (?1)", raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        return () =>
        {
            raw.sqlite3_bind_blob(statement, 1, body);
            if (raw.sqlite3_step(statement) != raw.SQLITE_DONE) throw new InvalidOperationException("The row was not inserted.");
            raw.sqlite3_reset(statement);
        };
    }

    private static void Execute(SqliteConnection connection, string sql) => raw.sqlite3_exec(connection.Handle, sql);
}
