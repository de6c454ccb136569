using Perdure.Kernel;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>The database itself refuses what a hand writes wrongly, and says why.</summary>
public sealed class ShellTests : PostgresTest
{
    private readonly Life _life = new(businessKey: "order-1"), _ended = new();

    private async Task<Shell> Written()
    {
        var store = await Open();
        await Must(store, _life.Start(tokens: [Life.Token(1, "reserve")]), _life.Turn(messages: ["m-1"], pages: [new("page-1", Severity.High, "deadline", "Late")]), _ended.Start(), _ended.Turn(Orders.Done));
        return Place.Shell();
    }

    private const string Own = "((SELECT position_base FROM store) + pg_current_xact_id()::text::bigint) << 16";

    private static string Edge(string from, string to) =>
        $"(SELECT e.id FROM edge e JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE f.name = '{from}' AND t.name = '{to}')";

    private string Transition(string edge, int visit = 2, int status = 0) => $"INSERT INTO transition (instance, visit, edge, position, at, status) VALUES ({_life.Id.Value}, {visit}, {edge}, 2, 0, {status})";

    private static void Refuses(Shell shell, string because, string sql)
    {
        var said = shell.Refused(sql);
        Assert.StartsWith("PD001", said, StringComparison.Ordinal);
        Assert.Contains(because, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_illegal_transition_is_refused_and_the_message_says_why()
    {
        using var shell = await Written();
        Refuses(shell, "transition: the edge does not leave the present state", Transition(Edge(Orders.Locked, Orders.Charged)));
        Refuses(shell, "transition: the edge is not declared in the map", Transition("4711"));
        Refuses(shell, "transition: the visit is not the next", Transition(Edge(Orders.Received, Orders.Locked), 3));
        Refuses(shell, "transition: there is no such instance", "INSERT INTO transition (instance, visit, edge, position, at, status) VALUES (1, 2, 1, 2, 0, 0)");
        Refuses(shell, "ends where its map has an end", Transition(Edge(Orders.Received, Orders.Locked), status: 5));
        Refuses(shell, "ends where its map has an end", Transition(Edge(Orders.Received, Orders.Done)));
        Assert.Equal(1L, shell.One<long>("SELECT count(*) FROM transition"));
        Assert.Equal(Orders.Received, shell.One<string>($"SELECT state FROM instances WHERE id = {_life.Id.Value}"));
    }

    [Fact]
    public async Task Two_transitions_in_one_statement_are_each_held_against_the_map()
    {
        using var shell = await Written();
        Refuses(shell, "does not leave the present state", Transition(Edge(Orders.Received, Orders.Locked)) + $", ({_ended.Id.Value}, 3, {Edge(Orders.Received, Orders.Locked)}, 3, 0, 0)");
        Refuses(shell, "transition:", Transition(Edge(Orders.Received, Orders.Locked)) + $", ({_life.Id.Value}, 3, {Edge(Orders.Locked, Orders.Charged)}, 3, 0, 0)");
        Assert.Equal(Orders.Received, shell.One<string>($"SELECT state FROM instances WHERE id = {_life.Id.Value}"));
    }

    [Fact]
    public async Task An_edge_of_another_version_is_refused()
    {
        var store = await Open();
        await store.Register(Orders.Map(version: 2, shortcut: true), Now);
        await Must(store, _life.Start(), _life.Turn(Orders.Locked));
        using var shell = Place.Shell();
        var other = shell.One<int>($"SELECT e.id FROM edge e JOIN map m ON m.id = e.map JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE m.version = 2 AND f.name = '{Orders.Locked}' AND t.name = '{Orders.Done}'");
        Refuses(shell, "not declared in the map", Transition($"{other}", 3));
    }

    [Fact]
    public async Task The_log_is_append_only()
    {
        using var shell = await Written();
        Refuses(shell, "never removed", "DELETE FROM log WHERE version = 2");
        Refuses(shell, "never removed", "TRUNCATE log");
        Refuses(shell, "never changed", "UPDATE log SET body = '{}' WHERE version = 2");
        Refuses(shell, "never changed", "UPDATE log SET at = at + 1 WHERE version = 2");
        var blank = @"'\x" + new string('0', 64) + "'";
        Refuses(shell, "never changed", $"UPDATE log SET body = '', digest = {blank} WHERE instance = {_life.Id.Value}");
        Refuses(shell, "never changed", $"UPDATE log SET body = '', digest = {blank}, version = 9 WHERE instance = {_ended.Id.Value}");
        Refuses(shell, "version 4 is not the next", $"INSERT INTO log (position, instance, version, at, hash, body) VALUES ({Own}, {_life.Id.Value}, 4, 0, '', '')");
        Refuses(shell, "version 1 is not the next", $"INSERT INTO log (position, instance, version, at, hash, body) VALUES ({Own}, 77, 1, 0, '', '')");
        Refuses(shell, "version 0 is not the next", $"INSERT INTO log (position, instance, version, at, hash, body) VALUES ({Own}, {_life.Id.Value}, 0, 0, '', '')");
        Refuses(shell, "not that of this transaction", $"INSERT INTO log (position, instance, version, at, hash, body) VALUES (1, {_life.Id.Value}, 3, 0, '', '')");
        Assert.StartsWith("23505", shell.Refused($"INSERT INTO log (position, instance, version, at, hash, body) VALUES ({Own}, {_life.Id.Value}, 2, 0, '', '')"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_written_once_is_never_changed_or_removed()
    {
        using var shell = await Written();
        foreach (var (because, sql) in new[]
        {
            ("map:", "UPDATE map SET fingerprint = 'x'"), ("map:", "DELETE FROM map"), ("state:", "UPDATE state SET name = 'x'"), ("state:", "DELETE FROM state"), ("edge:", "UPDATE edge SET to_state = 1"),
            ("edge:", "DELETE FROM edge"), ("edge: the map has all its edges", "INSERT INTO edge (map, from_state, to_state, ends) VALUES (1, 1, 4, false)"),
            ("state: the map has all its states", "INSERT INTO state (map, name, kind) VALUES (1, 'x', 'state')"), ("transition:", "UPDATE transition SET visit = 9"), ("transition:", "DELETE FROM transition"),
            ("transition:", "TRUNCATE transition"), ("step:", "UPDATE step SET generation = 2"), ("step:", "DELETE FROM step"), ("step:", "TRUNCATE step"), ("instance:", "DELETE FROM instance"),
            ("instance:", "TRUNCATE instance"), ("request_key:", "UPDATE request_key SET payload_hash = ''"), ("request_key:", "UPDATE request_key SET instance = 1"), ("request_key:", "DELETE FROM request_key"),
            ("request_key:", "TRUNCATE request_key"), ("business_key:", "UPDATE business_key SET instance = 1"), ("business_key:", "DELETE FROM business_key"), ("business_key:", "TRUNCATE business_key"),
            ("page:", "UPDATE page SET key = 'x'"), ("page:", "UPDATE page SET raised_at = 0"), ("page:", "DELETE FROM page"), ("page:", "TRUNCATE page"), ("scope:", "UPDATE scope SET workflow = 'x'"),
            ("scope:", "DELETE FROM scope"), ("message:", "UPDATE message SET id = 'x'"), ("schema_version:", "DELETE FROM schema_version"), ("schema_version:", "UPDATE schema_version SET version = 9"),
            ("store:", "UPDATE store SET lanes = 2"), ("store:", "UPDATE store SET position_base = -1"), ("store:", "DELETE FROM store"), ("lane:", "TRUNCATE lane"),
        }) Refuses(shell, because, sql);
        foreach (var column in new[] { "id", "scope", "priority", "checkpoint", "created_at", "request_key", "business_key", "salt", "parent", "parent_ordinal", "trace_parent", "map", "state", "visit" })
            Refuses(shell, "instance:", $"UPDATE instance SET {column} = {(column is "salt" ? @"'\x00'" : "7")} WHERE id = {_life.Id.Value}");
        Refuses(shell, "instance:", $"UPDATE instance SET salt = '' WHERE id = {_life.Id.Value}");
    }

    [Fact]
    public async Task What_has_ended_stays_ended_and_nothing_ends_without_a_transition()
    {
        using var shell = await Written();
        Refuses(shell, "has ended", $"UPDATE instance SET status = 0 WHERE id = {_ended.Id.Value}");
        Refuses(shell, "has ended", $"UPDATE instance SET status = 0, updated_at = 1 WHERE id = {_ended.Id.Value}");
        Refuses(shell, "instance:", $"UPDATE instance SET visit = visit + 1 WHERE id = {_ended.Id.Value}");
        Refuses(shell, "only a transition", $"UPDATE instance SET status = 5 WHERE id = {_life.Id.Value}");
        Refuses(shell, "only a transition", $"UPDATE instance SET status = 2, state = state + 1 WHERE id = {_life.Id.Value}");
        Refuses(shell, "what an instance began with", $"UPDATE instance SET status = 2, priority = priority + 1 WHERE id = {_life.Id.Value}");
        shell.Run($"UPDATE instance SET status = 2 WHERE id = {_life.Id.Value}");       // such a thing the engine does too
    }

    [Fact]
    public async Task An_instance_begins_in_a_state_of_its_map()
    {
        var store = await Open();
        await store.Register(Orders.Map(workflow: "returns"), Now);
        await Must(store, _life.Start());
        using var shell = Place.Shell();
        string Begin(string map, string state, string scope = "1", int status = 0, int visit = 1) =>
            $"INSERT INTO instance (id, checkpoint, created_at, updated_at, scope, map, state, visit, priority, status, request_key, salt) VALUES (77, 0, 0, 0, {scope}, {map}, {state}, {visit}, 0, {status}, 'k', '')";
        var (orders, returns) = ("(SELECT id FROM map WHERE workflow = 'orders')", "(SELECT min(s.id) FROM state s JOIN map m ON m.id = s.map WHERE m.workflow = 'returns')");
        Refuses(shell, "instance:", Begin(orders, returns));
        Refuses(shell, "instance:", Begin("4711", returns));
        Refuses(shell, "instance:", Begin("(SELECT id FROM map WHERE workflow = 'returns')", returns, scope: "4711"));
        Refuses(shell, "instance:", Begin("(SELECT id FROM map WHERE workflow = 'returns')", returns, status: 5));
        Refuses(shell, "instance:", Begin("(SELECT id FROM map WHERE workflow = 'returns')", returns, visit: 2));
        Refuses(shell, "request_key: there is no such scope", "INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at) VALUES (4711, 'k', 1, 1, '', 0)");
    }

    [Fact]
    public async Task A_key_stays_whose_it_is()
    {
        using var shell = await Written();
        foreach (var (table, key) in new[] { ("request_key", "scope, key"), ("business_key", "scope, key"), ("page", "key"), ("step", "instance, visit, name, generation"), ("message", "instance, id") })
        {
            var columns = shell.One<string>($"SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}' AND is_identity = 'NO'");
            Assert.StartsWith("23505", shell.Refused($"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}"), StringComparison.Ordinal);
            Refuses(shell, $"{table}:", $"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} ON CONFLICT ({key}) DO UPDATE SET {(table == "message" ? "id = 'x'" : "instance = 77")}");
        }
    }

    [Fact]
    public async Task An_epoch_is_never_taken_back_and_a_marker_never_within_it()
    {
        using var shell = await Written();
        Refuses(shell, "never taken back", "UPDATE lane SET epoch = epoch - 1");
        Refuses(shell, "never taken back", "DELETE FROM lane");
        Refuses(shell, "never taken back", "UPDATE lane SET id = 7");
        Refuses(shell, "never taken back", "UPDATE lane SET marker = 0");
        shell.Run("UPDATE lane SET epoch = epoch + 1, marker = 0");
    }

    [Fact]
    public async Task A_person_can_read_it()
    {
        using var shell = await Written();
        Assert.Equal($"{{\"record\":1,\"state\":\"{Orders.Received}\"}}", shell.One<string>($"SELECT body FROM history WHERE instance = {_life.Id.Value} AND version = 1"));
        Assert.Equal(_life.Id.ToString(), shell.One<string>($"SELECT name FROM instances WHERE id = {_life.Id.Value}"));
        Assert.Equal("ended", shell.One<string>($"SELECT status FROM instances WHERE id = {_ended.Id.Value}"));
        Assert.Equal(Orders.Done, shell.One<string>($"SELECT \"to\" FROM transitions WHERE instance = {_ended.Id.Value}"));
        Assert.Equal(Life.Day.AddMilliseconds(10).UtcDateTime, shell.One<DateTime>($"SELECT at FROM history WHERE instance = {_life.Id.Value} AND version = 1"));
    }

    [Fact]
    public async Task What_is_erased_shows_as_erased_and_still_verifies()
    {
        var store = await Open();
        await Must(store, _ended.Start(), _ended.Turn(), _ended.Turn(Orders.Done), _life.Start());
        await store.Erase(_ended.Id, Now);
        await store.Erase(_ended.Id, Now);
        using var shell = Place.Shell();
        Assert.Equal("(erased)", shell.One<string>($"SELECT string_agg(DISTINCT body, ' ') FROM history WHERE instance = {_ended.Id.Value}"));
        Assert.Empty((await store.Views.Find(_ended.Id, Now))!.Salt.ToArray());
        var found = await store.Views.Verify(_ended.Id, (3, _ended.Head), Now);
        Assert.True(found.Intact, found.Problem);
        Assert.Equal("store.not-ended", (await Assert.ThrowsAsync<Ports.StoreException>(() => store.Erase(_life.Id, Now))).Code);
    }
}
