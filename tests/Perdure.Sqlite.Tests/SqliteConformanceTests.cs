using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Sqlite.Tests;

/// <summary>The embedded store keeps what every store promises.</summary>
public sealed class SqliteConformanceTests : StoreConformance.StoreConformance
{
    private readonly Place _place = new();

    protected override IStore Create() => new SqliteStore(new() { Path = _place.File }, NullLogger<SqliteStore>.Instance);

    protected override bool Tamper(InstanceId instance, long version, Tampering how)
    {
        using var shell = Shell.Open(_place.File);
        shell.Run("DROP TRIGGER log_is_append_only; DROP TRIGGER log_is_fixed");
        shell.Run(how switch
        {
            Tampering.Alter => $"UPDATE log SET body = CAST(' ' || CAST(body AS TEXT) AS BLOB) WHERE instance = {instance.Value} AND version = {version}",
            Tampering.Remove => $"DELETE FROM log WHERE instance = {instance.Value} AND version = {version}",
            Tampering.CutTail => $"DELETE FROM log WHERE instance = {instance.Value} AND version >= {version}",
            Tampering.Swap => $"""
                UPDATE log SET version = -version WHERE instance = {instance.Value} AND version IN ({version}, {version + 1});
                UPDATE log SET version = CASE version WHEN {-version} THEN {version + 1} ELSE {version} END WHERE instance = {instance.Value} AND version < 0;
                """,
            _ => throw new InvalidOperationException(),
        });
        return true;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _place.Dispose();
    }
}
