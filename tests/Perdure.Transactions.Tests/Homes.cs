using Npgsql;
using Perdure.Tests;
using Perdure.Transactions.Node;

namespace Perdure.Transactions.Tests;

/// <summary>A home of a test's own, in either store, that goes with it.</summary>
internal sealed class OwnHome : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("perdure-").FullName;
    private readonly string _name = $"t{Guid.NewGuid():n}"[..16];

    private OwnHome() { }

    public Home Home { get; private set; } = null!;

    /// <param name="kind"><c>sqlite</c> or <c>postgres</c>.</param>
    /// <param name="port">The port of a proxy in front of the server; null without one.</param>
    public static async Task<OwnHome> Make(string kind, int? port = null)
    {
        var own = new OwnHome();
        if (kind == "sqlite")
        {
            own.Home = new(kind, Path.Combine(own._folder, "store.db"));
            return own;
        }
        var server = await PostgresServer.Shared();
        await using (var connection = new NpgsqlConnection(server.ConnectionString))
        {
            await connection.OpenAsync();
            await using var schema = new NpgsqlCommand($"CREATE SCHEMA {own._name}_own", connection);
            await schema.ExecuteNonQueryAsync();
        }
        own.Home = new(kind, new NpgsqlConnectionStringBuilder(port is { } at ? server.At(at) : server.ConnectionString) { SearchPath = $"{own._name}_own", Pooling = false }.ConnectionString, own._name);
        return own;
    }

    /// <summary>The same, straight to the server.</summary>
    public async Task<Home> Straight() => Home.Kind == "sqlite" ? Home
        : Home with { Target = new NpgsqlConnectionStringBuilder((await PostgresServer.Shared()).ConnectionString) { SearchPath = $"{_name}_own", Pooling = false }.ConnectionString };

    public async ValueTask DisposeAsync()
    {
        if (Home.Kind == "postgres") await (await Straight()).Run($"DROP SCHEMA IF EXISTS {_name} CASCADE; DROP SCHEMA {_name}_own CASCADE");
        Directory.Delete(_folder, recursive: true);
    }
}
