using System.Diagnostics;
using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>
/// Makes very many instances of few: what the engine wrote for the instances of a workflow is copied with other ids, positions and keys, in all tables that have rows of an instance. Which those are is asked of the
/// database. The triggers are off meanwhile; the indexes grow as they do at work. Hashes and bodies stay those of the first, so the histories of the copies do not verify.
/// </summary>
internal sealed class Fill(BenchDatabase database, string schema)
{
    private const int CopiesAtOnce = 100;

    // How far ids are apart that are a millisecond apart.
    private const long Millisecond = (long)InstanceId.Slots * InstanceId.PerMillisecond;

    private sealed record Table(string Name, string Columns, string Values);

    /// <summary>Has <paramref name="copies"/> more of each instance of a workflow, made before the first ones.</summary>
    public async Task Multiply(string workflow, int copies)
    {
        await database.Execute($"""
            DROP SCHEMA IF EXISTS bench_fill CASCADE; CREATE SCHEMA bench_fill; SET search_path = {schema};
            CREATE TABLE bench_fill.chosen AS SELECT i.id FROM instance i JOIN map m ON m.id = i.map WHERE m.workflow = '{workflow}';
            """);
        var (back, behind) = (await database.Ask<long>($"SELECT (max(id) / {Millisecond} - min(id) / {Millisecond} + 2) FROM bench_fill.chosen"),
            await database.Ask<long>($"SELECT max(position) - min(position) + 1 FROM {schema}.log"));
        var newest = await database.Ask<long>($"SELECT max(position) FROM {schema}.log");
        // Before all that is there, whatever it is a copy of.
        var before = await database.Ask<long>($"SELECT (SELECT max(id) / {Millisecond} FROM bench_fill.chosen) - (SELECT min(id) / {Millisecond} FROM {schema}.instance) + 1");
        List<Table> tables = [];
        foreach (var name in await Names()) if (await Describe(name, copies, before, back, behind, newest) is { } table) tables.Add(table);

        var began = Stopwatch.GetTimestamp();
        for (var done = 0; done < copies; done += CopiesAtOnce)
        {
            var (newer, older) = (copies - Math.Min(copies, done + CopiesAtOnce) + 1, copies - done);
            await database.Execute($"SET session_replication_role = replica; SET synchronous_commit = off; "
                + string.Join("; ", tables.Select(t => $"INSERT INTO {schema}.{t.Name} ({t.Columns}) SELECT {t.Values} FROM bench_fill.{t.Name} t CROSS JOIN generate_series({newer}::bigint, {older}) AS c ORDER BY c DESC, t.nth")));
            if (newer == 1 || done / CopiesAtOnce % 10 == 9) Console.WriteLine($"fill    {workflow}: {copies - newer + 1:N0} of {copies:N0} copies, {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
        }
        // What is counted is counted with them.
        await database.Execute($"""
            SET search_path = {schema}; SET session_replication_role = replica;
            UPDATE tally SET n = n * {copies + 1L} WHERE state IN (SELECT s.id FROM state s JOIN map m ON m.id = s.map WHERE m.workflow = '{workflow}');
            DROP SCHEMA bench_fill CASCADE;
            """);
    }

    private async Task<string[]> Names() => await database.Ask<string[]>($"""
        SELECT array_agg(c.relname::text ORDER BY c.relname = 'instance' DESC, c.relname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = CASE WHEN c.relname = 'instance' THEN 'id' ELSE 'instance' END
        """);

    /// <summary>Keeps the rows of the chosen apart, and says how a copy of them differs; null where there are none.</summary>
    private async Task<Table?> Describe(string name, int copies, long before, long back, long behind, long newest)
    {
        var id = name == "instance" ? "id" : "instance";
        await database.Execute($"CREATE TABLE bench_fill.{name} AS SELECT t.*, row_number() OVER (ORDER BY {await OrderOf(name)}) AS nth FROM {schema}.{name} t JOIN bench_fill.chosen ON chosen.id = t.{id}");
        if (await database.Ask<long>($"SELECT count(*) FROM bench_fill.{name}") == 0) return null;
        var columns = await Columns(name);
        // The oldest copy comes first, so that indexes grow at their ends as they do at work. Its ids are the furthest back in time, milliseconds above counter and slot, so that lanes stay;
        // positions go on behind the newest, to which the store raises what it begins from when it is opened.
        return new(name, string.Join(", ", columns), string.Join(", ", columns.Select(column => (name, column) switch
        {
            (_, "instance") or ("instance", "id") => $"t.{column} - {before * Millisecond} - c * {back * Millisecond}",
            (_, "position" or "checkpoint") => $"t.{column} + {newest} + ({copies} - c) * {behind}",
            ("instance", "request_key" or "business_key") or ("request_key" or "business_key", "key") => $"t.{column} || '~' || c",
            (_, "at" or "created_at" or "updated_at") => $"t.{column} - {before} - c * {back}",
            ("timer", "due") => $"t.{column} + c",
            _ => $"t.{column}",
        })));
    }

    private async Task<string> OrderOf(string name) => (await Columns(name)).Contains("position") ? "t.position" : name == "instance" ? "t.id" : "t.instance";

    private async Task<string[]> Columns(string name) => await database.Ask<string[]>(
        $"SELECT array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{name}' AND is_generated = 'NEVER'");
}
