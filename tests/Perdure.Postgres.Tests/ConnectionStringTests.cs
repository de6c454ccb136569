using Npgsql;
using Perdure.Owning;
using Perdure.Postgres.Database;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests;

public sealed class ConnectionStringTests
{
    [Theory]
    [InlineData("", GssEncryptionMode.Disable)]
    [InlineData(";GSS Encryption Mode=Prefer", GssEncryptionMode.Prefer)]
    [InlineData(";GSS Encryption Mode=Require", GssEncryptionMode.Require)]
    public async Task A_connection_is_tried_once_unless_encryption_by_gss_is_asked_for(string asked, GssEncryptionMode expected)
    {
        // A second try in what is left of the time may wait for ever; see Connections.Parse.
        PostgresStoreOptions options = new() { ConnectionString = "Host=127.0.0.1;Database=none" + asked };
        await using var keeper = KeeperSource.Create(options, new KeeperTimes(options.Lease, options.Tick));
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(keeper.ConnectionString).GssEncryptionMode);
        await using var readers = new Connections(options).Readers(TimeSpan.FromSeconds(1));
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(readers.ConnectionString).GssEncryptionMode);
    }
}
