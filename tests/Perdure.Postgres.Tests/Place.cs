using Npgsql;
using Perdure.Tests;

namespace Perdure.Postgres.Tests;

/// <summary>A schema of a test's own, dropped at its end.</summary>
internal sealed class Place : IAsyncDisposable
{
    private Place(string connectionString) => ConnectionString = connectionString;

    public string Schema { get; } = $"t{Guid.NewGuid():n}"[..16];

    public string ConnectionString { get; }

    public static async Task<Place> Make() => new((await PostgresServer.Shared()).ConnectionString);

    /// <summary>The same on a server of one's own.</summary>
    public static Place On(string connectionString) => new(connectionString);

    public PostgresStoreOptions Options(Action<PostgresStoreOptions>? configure = null)
    {
        var options = new PostgresStoreOptions { ConnectionString = ConnectionString, Schema = Schema, Lanes = 1 };
        configure?.Invoke(options);
        return options;
    }

    /// <summary>A person's plain connection, in the schema.</summary>
    public Shell Shell() => new(ConnectionString, Schema);

    public async ValueTask DisposeAsync()
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        for (var tries = 1; ; tries++)
        {
            await using var drop = new NpgsqlCommand($"DROP SCHEMA IF EXISTS \"{Schema}\" CASCADE", connection);
            try
            {
                await drop.ExecuteNonQueryAsync();
                return;
            }
            // A read that was given up by its caller may still be at the server, and hold tables in another order.
            catch (PostgresException deadlock) when (deadlock.SqlState == PostgresErrorCodes.DeadlockDetected && tries < 5) { }
        }
    }
}
