using Perdure.Kernel;
using Perdure.StoreConformance;

namespace Perdure.Sqlite.Tests;

/// <summary>The database itself refuses what a hand writes wrongly, also where foreign keys are off.</summary>
public sealed class ShellTests : SqliteTest
{
    private readonly Life _life = new(businessKey: "order-1"), _ended = new();

    private async Task<Shell> Written()
    {
        var store = await Open();
        await Must(store, _life.Start(tokens: [Life.Token(1, "reserve")]), _life.Turn(messages: ["m-1"], pages: [new("page-1", Severity.High, "deadline", "Late")]), _ended.Start(), _ended.Turn(Orders.Done));
        return Shell.Open(File);
    }

    private static string Edge(string from, string to) =>
        $"(SELECT e.id FROM edge e JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE f.name = '{from}' AND t.name = '{to}')";

    private string Transition(string edge, int visit = 2, int status = 0) => $"INSERT INTO transition (instance, visit, edge, position, at, status) VALUES ({_life.Id.Value}, {visit}, {edge}, 2, 0, {status})";

    [Fact]
    public async Task An_illegal_transition_is_refused_and_the_message_says_why()
    {
        using var shell = await Written();
        Assert.Contains("does not leave the present state", shell.Refused(Transition(Edge(Orders.Locked, Orders.Charged))), StringComparison.Ordinal);
        Assert.Contains("not declared in the map", shell.Refused(Transition("4711")), StringComparison.Ordinal);
        Assert.Contains("visit is not the next", shell.Refused(Transition(Edge(Orders.Received, Orders.Locked), 3)), StringComparison.Ordinal);
        Assert.Contains("no such instance", shell.Refused("INSERT INTO transition (instance, visit, edge, position, at, status) VALUES (1, 2, 1, 2, 0, 0)"), StringComparison.Ordinal);
        Assert.Contains("ends where its map has an end", shell.Refused(Transition(Edge(Orders.Received, Orders.Locked), status: 5)), StringComparison.Ordinal);
        Assert.Contains("ends where its map has an end", shell.Refused(Transition(Edge(Orders.Received, Orders.Done))), StringComparison.Ordinal);
        Assert.Equal(1L, shell.One<long>("SELECT count(*) FROM transition"));
        Assert.Equal(Orders.Received, shell.One<string>($"SELECT state FROM instances WHERE id = {_life.Id.Value}"));
    }

    [Fact]
    public async Task An_edge_of_another_version_is_refused()
    {
        var store = await Open();
        await store.Register(Orders.Map(version: 2, shortcut: true), Now);
        await Must(store, _life.Start(), _life.Turn(Orders.Locked));
        using var shell = Shell.Open(File);
        var other = shell.One<long>($"SELECT e.id FROM edge e JOIN map m ON m.id = e.map JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE m.version = 2 AND f.name = '{Orders.Locked}' AND t.name = '{Orders.Done}'");
        Assert.Contains("not declared in the map", shell.Refused(Transition($"{other}", 3)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_is_append_only()
    {
        using var shell = await Written();
        Assert.Contains("never removed", shell.Refused("DELETE FROM log WHERE position = 2"), StringComparison.Ordinal);
        Assert.Contains("never changed", shell.Refused("UPDATE log SET body = x'7b7d' WHERE position = 2"), StringComparison.Ordinal);
        Assert.Contains("never changed", shell.Refused("UPDATE log SET at = at + 1 WHERE position = 2"), StringComparison.Ordinal);
        Assert.Contains("never changed", shell.Refused($"UPDATE log SET body = x'', digest = zeroblob(32) WHERE instance = {_life.Id.Value}"), StringComparison.Ordinal);
        Assert.Contains("never changed", shell.Refused($"UPDATE log SET body = x'', digest = zeroblob(32), version = 9 WHERE instance = {_ended.Id.Value}"), StringComparison.Ordinal);
        Assert.Contains("not the next", shell.Refused($"INSERT INTO log (instance, version, at, hash, body) VALUES ({_life.Id.Value}, 4, 0, x'', x'')"), StringComparison.Ordinal);
        Assert.Contains("not the next", shell.Refused("INSERT INTO log (instance, version, at, hash, body) VALUES (77, 1, 0, x'', x'')"), StringComparison.Ordinal);
        Assert.Contains("not the next", shell.Refused($"INSERT INTO log (instance, version, at, hash, body) VALUES ({_life.Id.Value}, 2, 0, x'', x'')"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maps_transitions_and_tokens_are_never_changed()
    {
        using var shell = await Written();
        foreach (var sql in new[]
        {
            "UPDATE map SET fingerprint = 'x'", "DELETE FROM map", "UPDATE state SET name = 'x'", "DELETE FROM state", "UPDATE edge SET to_state = 1", "DELETE FROM edge",
            "INSERT INTO edge (map, from_state, to_state) VALUES (1, 1, 4)", "INSERT INTO state (map, name, kind) VALUES (1, 'x', 'state')",
            "UPDATE transition SET visit = 9", "DELETE FROM transition", "UPDATE step SET generation = 2", "DELETE FROM step", "DELETE FROM instance",
            $"UPDATE instance SET state = 2 WHERE id = {_life.Id.Value}", $"UPDATE instance SET visit = 5 WHERE id = {_life.Id.Value}",
        }) Assert.NotEmpty(shell.Refused(sql));
    }

    [Fact]
    public async Task What_has_ended_stays_ended_and_nothing_ends_without_a_transition()
    {
        using var shell = await Written();
        Assert.Contains("has ended", shell.Refused($"UPDATE instance SET status = 0 WHERE id = {_ended.Id.Value}"), StringComparison.Ordinal);
        Assert.Contains("only a transition", shell.Refused($"UPDATE instance SET status = 5 WHERE id = {_life.Id.Value}"), StringComparison.Ordinal);
        shell.Run($"UPDATE instance SET status = 2 WHERE id = {_life.Id.Value}");       // such a thing the engine does too
    }

    [Fact]
    public async Task A_row_cannot_be_put_in_the_place_of_another()
    {
        using var shell = await Written();
        var columns = "id, scope, map, state, status, visit, checkpoint, priority, created_at, updated_at, request_key, business_key, salt, parent, parent_ordinal, trace_parent, attributes";
        foreach (var sql in new[]
        {
            $"REPLACE INTO log (instance, version, at, hash, body) SELECT instance, version, at, hash, x'7b7d' FROM log WHERE instance = {_life.Id.Value} AND version = 2",
            $"REPLACE INTO log (instance, version, at, hash, body) SELECT instance, version, at, hash, x'7b7d' FROM log WHERE instance = {_life.Id.Value} AND version = 1",
            $"REPLACE INTO log (position, instance, version, at, hash, body) VALUES (1, {_life.Id.Value}, 3, 0, x'', x'')",
            $"REPLACE INTO instance ({columns}) SELECT {columns.Replace("status", "0")} FROM instance WHERE id = {_ended.Id.Value}",
            $"REPLACE INTO instance ({columns}) SELECT {columns.Replace("state,", "state + 1,")} FROM instance WHERE id = {_life.Id.Value}",
            "REPLACE INTO map (id, workflow, version, fingerprint, definition, states, edges) SELECT id, workflow, version, fingerprint, definition, states, edges + 1 FROM map",
            "REPLACE INTO map (workflow, version, fingerprint, definition, states, edges) SELECT workflow, version, fingerprint, definition, states, edges + 1 FROM map",
            "REPLACE INTO state (id, map, name, kind) VALUES (1, 1, 'x', 'state')",
            "REPLACE INTO edge (id, map, from_state, to_state) VALUES (1, 1, 1, 4)",
            $"REPLACE INTO transition (instance, visit, edge, position, at, status) SELECT instance, visit, edge, position, at, 0 FROM transition WHERE instance = {_ended.Id.Value}",
            "REPLACE INTO lane (id, epoch, marker, clean, host, pid, build, since) SELECT id, epoch, 0, 1, host, pid, build, since FROM lane",
            "REPLACE INTO scope (id, namespace, workflow) SELECT id, 'x', 'y' FROM scope",
            "REPLACE INTO schema_version (version, applied_at, build) SELECT version, 0, 'x' FROM schema_version",
        }) Assert.NotEmpty(shell.Refused(sql));
        Assert.Equal(2L, shell.One<long>($"SELECT count(*) FROM log WHERE instance = {_life.Id.Value} AND length(body) > 2"));
    }

    [Fact]
    public async Task A_key_stays_whose_it_is()
    {
        using var shell = await Written();
        shell.Run($"REPLACE INTO request_key (scope, key, instance, map, payload_hash, created_at) SELECT scope, key, 77, map, x'', created_at FROM request_key");
        shell.Run("REPLACE INTO business_key (scope, key, instance) SELECT scope, key, 77 FROM business_key");
        shell.Run("REPLACE INTO page (key, instance, state, severity, code, summary, raised_at) SELECT key, 77, state, severity, code, 'x', raised_at FROM page");
        foreach (var table in new[] { "request_key", "business_key", "page" })
        {
            Assert.Equal(0L, shell.One<long>($"SELECT count(*) FROM {table} WHERE instance = 77"));
            Assert.NotEqual(0L, shell.One<long>($"SELECT count(*) FROM {table}"));
        }
    }

    [Fact]
    public async Task What_is_written_once_is_never_changed()
    {
        using var shell = await Written();
        foreach (var column in new[] { "id", "scope", "checkpoint", "created_at", "request_key", "business_key", "salt", "parent", "parent_ordinal" })
            Assert.NotEmpty(shell.Refused($"UPDATE instance SET {column} = {(column is "salt" ? "x'00'" : "7")} WHERE id = {_life.Id.Value}"));
        Assert.NotEmpty(shell.Refused($"UPDATE instance SET salt = x'' WHERE id = {_life.Id.Value}"));
        foreach (var sql in new[]
        {
            "UPDATE request_key SET payload_hash = x''", "UPDATE request_key SET instance = 1", "DELETE FROM request_key", "UPDATE business_key SET instance = 1", "DELETE FROM business_key",
            "UPDATE page SET key = 'x'", "UPDATE page SET raised_at = 0", "DELETE FROM page", "UPDATE scope SET workflow = 'x'", "DELETE FROM scope",
            "UPDATE message SET id = 'x'", "DELETE FROM schema_version", "UPDATE schema_version SET version = 9",
        }) Assert.NotEmpty(shell.Refused(sql));
    }

    [Fact]
    public async Task What_a_row_refers_to_must_be_there()
    {
        using var shell = await Written();
        var columns = "scope, map, state, status, visit, checkpoint, priority, created_at, updated_at, request_key, business_key, salt, parent, parent_ordinal, trace_parent, attributes";
        string Instance(string column, string value) => $"INSERT INTO instance (id, {columns}) SELECT 77, {columns.Replace($"{column},", $"{value},", StringComparison.Ordinal)} FROM instance WHERE id = {_life.Id.Value}";
        foreach (var (sql, says) in new[]
        {
            (Instance("scope", "4711"), "no such scope"), (Instance("state", "4711"), "no such state"), (Instance("map", "4711"), "no such state"),
            ("INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at) VALUES (4711, 'k', 1, 1, x'', 0)", "no such scope"),
            ("INSERT INTO business_key (scope, key, instance) VALUES (4711, 'k', 1)", "no such scope"),
            ("INSERT INTO state (map, name, kind) VALUES (4711, 'x', 'state')", "has all its states"),
            ("INSERT INTO edge (map, from_state, to_state) VALUES (4711, 1, 4)", "no such state"),
            ("INSERT INTO page (key, instance, state, severity, code, summary, raised_at) VALUES ('k', 1, 4711, 1, 'c', 's', 0)", "no such state"),
            ("INSERT INTO tally (state, status, n) VALUES (4711, 0, 1)", "no such state"),
            ("INSERT INTO stack_tally (map, operation, n) VALUES (4711, 'o', 1)", "no such map"),
        }) Assert.Contains(says, shell.Refused(sql), StringComparison.Ordinal);
        shell.Run(Instance("id", "77"));       // the same row with all that it refers to
        Assert.Equal(0L, shell.One<long>("SELECT count(*) FROM pragma_foreign_key_check"));
    }

    [Fact]
    public async Task An_epoch_is_never_taken_back()
    {
        using var shell = await Written();
        Assert.Contains("never taken back", shell.Refused("UPDATE lane SET epoch = epoch - 1"), StringComparison.Ordinal);
        Assert.Contains("never taken back", shell.Refused("DELETE FROM lane"), StringComparison.Ordinal);
        Assert.Contains("never taken back", shell.Refused("UPDATE lane SET id = 7"), StringComparison.Ordinal);
        shell.Run("UPDATE lane SET epoch = epoch + 1");
    }

    [Fact]
    public async Task A_person_can_read_it()
    {
        using var shell = await Written();
        Assert.Equal($"{{\"record\":1,\"state\":\"{Orders.Received}\"}}", shell.One<string>($"SELECT body FROM history WHERE instance = {_life.Id.Value} AND version = 1"));
        Assert.Equal(_life.Id.ToString(), shell.One<string>($"SELECT name FROM instances WHERE id = {_life.Id.Value}"));
        Assert.Equal("ended", shell.One<string>($"SELECT status FROM instances WHERE id = {_ended.Id.Value}"));
        Assert.Equal(Orders.Done, shell.One<string>($"SELECT \"to\" FROM transitions WHERE instance = {_ended.Id.Value}"));
        Assert.Equal("2026-03-01T12:00:00.010Z", shell.One<string>($"SELECT at FROM history WHERE instance = {_life.Id.Value} AND version = 1"));
    }
}
