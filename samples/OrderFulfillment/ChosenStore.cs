using Perdure;
using Perdure.Postgres;
using Perdure.Sqlite;

namespace Shop;

/// <summary>Where the orders' histories are kept: a SQLite file of this process, or a PostgreSQL that several share, or several of those.</summary>
public static class ChosenStore
{
    public static PerdureBuilder UseChosenStore(this PerdureBuilder perdure, IConfiguration configuration, string data) => configuration["store"] switch
    {
        null or "sqlite" => perdure.UseSqlite(Path.Combine(data, "perdure.db")),
        "postgres" when configuration["connection"] is { Length: > 0 } connection => perdure.UsePostgres(connection, options => configuration.GetSection("Postgres").Bind(options)),
        "postgres" => throw new ArgumentException("--store postgres needs --connection \"Host=…;Username=…;Password=…;Database=…\"."),
        // --Shards:Databases:0:Name=a --Shards:Databases:0:ConnectionString=… and so on; with --Shards:Versions:1:0=a once there is a second version of the map.
        "shards" when configuration.GetSection("Shards").Get<ShardMap>() is { } map => perdure.UseShardedPostgres(map, options => configuration.GetSection("Postgres").Bind(options)),
        "shards" => throw new ArgumentException("--store shards needs --Shards:Databases:0:Name=a --Shards:Databases:0:ConnectionString=\"Host=…\", and the same for each further database."),
        var other => throw new ArgumentException($"--store is sqlite, postgres or shards, not {other}."),
    };
}
