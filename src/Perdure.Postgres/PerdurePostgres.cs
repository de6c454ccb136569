using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Perdure.Postgres;

/// <summary>Names PostgreSQL as a node's store.</summary>
public static class PerdurePostgres
{
    /// <summary>Keeps everything in one schema of a PostgreSQL database, which is made where it is missing.</summary>
    /// <param name="builder">The node.</param>
    /// <param name="connectionString">The database, straight: no pooler that shares connections between transactions.</param>
    /// <param name="configure">Lanes, writers, and limits of time and size.</param>
    public static PerdureBuilder UsePostgres(this PerdureBuilder builder, string connectionString, Action<PostgresStoreOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return builder.UseStore(services =>
        {
            var options = new PostgresStoreOptions { ConnectionString = connectionString, Time = services.GetRequiredService<TimeProvider>() };
            configure?.Invoke(options);
            return new PostgresStore(options, services.GetRequiredService<ILogger<PostgresStore>>());
        });
    }

    /// <summary>Divides instances among several PostgreSQL databases by their keys. The map is held against what the databases know when the node starts; all that does not fit is told together.</summary>
    /// <param name="builder">The node.</param>
    /// <param name="map">The databases, and how keys are divided among them.</param>
    /// <param name="configure">Writers, readers, and limits of time, for each database. Where it and its replica are and how many lanes it has, the map says.</param>
    public static PerdureBuilder UseShardedPostgres(this PerdureBuilder builder, ShardMap map, Action<PostgresStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        return builder.UseStore(services => new ShardedStore(map, configure, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>
    /// The same, with the map from the options (<c>services.Configure&lt;ShardMap&gt;(configuration.GetSection("Shards"))</c>): where the configuration changes while the node runs, and has databases and versions
    /// appended, the node adopts it without being started again (<see cref="ShardedStore.Adopt"/>). A change that does not fit is logged as an error, and changes nothing.
    /// </summary>
    /// <param name="builder">The node.</param>
    /// <param name="configure">Writers, readers, and limits of time, for each database. Where it and its replica are and how many lanes it has, the map says.</param>
    public static PerdureBuilder UseShardedPostgresFromOptions(this PerdureBuilder builder, Action<PostgresStoreOptions>? configure = null) => builder.UseStore(services =>
    {
        var monitor = services.GetRequiredService<IOptionsMonitor<ShardMap>>();
        return new ShardedStore(monitor.CurrentValue, configure, services.GetRequiredService<ILoggerFactory>(), services.GetRequiredService<TimeProvider>()).Follows(monitor);
    });
}
