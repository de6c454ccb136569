using Perdure.Postgres;
using Perdure.Tests;

namespace Perdure.Cli.Tests;

/// <summary>The same with the store on PostgreSQL.</summary>
public sealed class PostgresWorld : World
{
    public const string Schema = "trips";

    private string _connection = "";

    public override async ValueTask InitializeAsync()
    {
        _connection = await (await PostgresServer.Shared()).NewDatabase();
        await base.InitializeAsync();
    }

    protected override void Use(PerdureBuilder perdure) => perdure.UsePostgres(_connection, options => options.Schema = Schema);

    public string Connection => _connection;

    public override string[] From => ["--connection", _connection, "--schema", Schema];
}
