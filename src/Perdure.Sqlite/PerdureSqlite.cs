using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Perdure.Sqlite;

/// <summary>Names SQLite as a node's store.</summary>
public static class PerdureSqlite
{
    /// <summary>Keeps everything in one SQLite file, which is made with its folder where it is missing.</summary>
    /// <param name="builder">The node.</param>
    /// <param name="path">The file.</param>
    /// <param name="configure">Limits of time and size.</param>
    public static PerdureBuilder UseSqlite(this PerdureBuilder builder, string path, Action<SqliteStoreOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return builder.UseStore(services =>
        {
            var options = new SqliteStoreOptions { Path = path, Time = services.GetRequiredService<TimeProvider>() };
            configure?.Invoke(options);
            return new SqliteStore(options, services.GetRequiredService<ILogger<SqliteStore>>());
        });
    }
}
