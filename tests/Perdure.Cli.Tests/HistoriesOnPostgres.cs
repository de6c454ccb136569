using System.Text.Json;

namespace Perdure.Cli.Tests;

/// <summary>Histories of a store on PostgreSQL are taken out beside its nodes, and replayed as those of a file are.</summary>
public sealed class HistoriesOnPostgres(PostgresWorld world) : IClassFixture<PostgresWorld>
{
    [Fact]
    public void Are_exported_whole_while_the_node_runs_and_replay_without_a_divergence()
    {
        var (code, output, errors) = World.Run("replay", "--histories", world.Exported(), "--assembly", world.Assembly("same"));
        Assert.True(code == 0, output + errors);
        Assert.Equal("3 instances, 6 visits replayed: 0 break, 0 differ.", output.Trim());
    }

    [Fact]
    public void One_instance_or_one_workflow_can_be_chosen()
    {
        var lines = File.ReadAllLines(world.Exported("--instance", $"{world.Ended}"));
        var header = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal((world.Ended.ToString(), "ended"), (header.GetProperty("instance").GetString(), header.GetProperty("status").GetString()));
        Assert.Equal(lines.Length - 1, header.GetProperty("records").GetInt32());
        Assert.NotEmpty(header.GetProperty("map").GetString()!);
        Assert.Empty(File.ReadAllLines(world.Exported("--workflow", "another")));
    }

    [Fact]
    public void A_schema_without_a_store_is_refused() => IsRefused("holds no store of Perdure", "--connection", world.Connection, "--schema", "public");

    [Fact]
    public void A_server_that_is_not_there_is_refused() => IsRefused("PostgreSQL at 127.0.0.1:1", "--connection", "Host=127.0.0.1;Port=1;Username=nobody;Database=none;Timeout=2");

    [Fact]
    public void Both_places_or_none_are_refused()
    {
        IsRefused("Either --store or --connection", "--connection", world.Connection, "--store", "trips.db");
        IsRefused("Either --store or --connection");
    }

    private static void IsRefused(string says, params string[] from)
    {
        var (code, output, errors) = World.Run(["history", "export", .. from, "--out", "-"]);
        Assert.True(code == 2, $"{code}: {output}{errors}");
        Assert.Contains(says, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
