using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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
}
