using Perdure.Kernel;
using Perdure.StoreConformance;

namespace Perdure.Sqlite.Tests;

/// <summary>The database itself refuses what a hand writes wrongly, also where foreign keys are off.</summary>
public sealed class ShellTests : SqliteTest
{
    private readonly Life _life = new(), _ended = new();

    private async Task<Shell> Written()
    {
        var store = await Open();
        await Must(store, _life.Start(tokens: [Life.Token(1, "reserve")]), _life.Turn(), _ended.Start(), _ended.Turn(Orders.Done));
        return Shell.Open(File);
    }

    private static string Edge(string from, string to) =>
        $"(SELECT e.id FROM edge e JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE f.name = '{from}' AND t.name = '{to}')";

    private string Transition(string edge, int visit = 2) => $"INSERT INTO transition (instance, visit, edge, position, at, status) VALUES ({_life.Id.Value}, {visit}, {edge}, 2, 0, 0)";

    [Fact]
    public async Task An_illegal_transition_is_refused_and_the_message_says_why()
    {
        using var shell = await Written();
        Assert.Contains("does not leave the present state", shell.Refused(Transition(Edge(Orders.Locked, Orders.Charged))), StringComparison.Ordinal);
        Assert.Contains("not declared in the map", shell.Refused(Transition("4711")), StringComparison.Ordinal);
        Assert.Contains("visit is not the next", shell.Refused(Transition(Edge(Orders.Received, Orders.Locked), 3)), StringComparison.Ordinal);
        Assert.Contains("no such instance", shell.Refused("INSERT INTO transition (instance, visit, edge, position, at, status) VALUES (1, 2, 1, 2, 0, 0)"), StringComparison.Ordinal);
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
        Assert.Contains("UNIQUE", shell.Refused($"INSERT INTO log (instance, version, at, hash, body) VALUES ({_life.Id.Value}, 2, 0, x'', x'')"), StringComparison.Ordinal);
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
