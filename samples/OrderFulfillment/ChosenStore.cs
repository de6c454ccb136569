using Perdure;
using Perdure.Postgres;
using Perdure.Sqlite;

namespace Shop;

/// <summary>Where the orders' histories are kept: a SQLite file of this process, or a PostgreSQL that several share.</summary>
public static class ChosenStore
{
    public static PerdureBuilder UseChosenStore(this PerdureBuilder perdure, IConfiguration configuration, string data) => configuration["store"] switch
    {
        null or "sqlite" => perdure.UseSqlite(Path.Combine(data, "perdure.db")),
        "postgres" when configuration["connection"] is { Length: > 0 } connection => perdure.UsePostgres(connection, options => configuration.GetSection("Postgres").Bind(options)),
        "postgres" => throw new ArgumentException("--store postgres needs --connection \"Host=…;Username=…;Password=…;Database=…\"."),
        var other => throw new ArgumentException($"--store is sqlite or postgres, not {other}."),
    };
}
