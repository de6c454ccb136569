using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests;

/// <summary>The shared store keeps what every store promises.</summary>
public sealed class PostgresConformanceTests : StoreConformance.StoreConformance
{
    private readonly Task<Place> _place = Place.Make();

    protected override IStore Create() => new PostgresStore(_place.GetAwaiter().GetResult().Options(), NullLogger<PostgresStore>.Instance);

    protected override bool Tamper(InstanceId instance, long version, Tampering how)
    {
        using var shell = _place.GetAwaiter().GetResult().Shell();
        shell.Run("DROP TRIGGER log_is_append_only ON log; DROP TRIGGER log_is_fixed ON log");
        shell.Run(how switch
        {
            Tampering.Alter => $"UPDATE log SET body = convert_to(' ' || convert_from(body, 'UTF8'), 'UTF8') WHERE instance = {instance.Value} AND version = {version}",
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
        await (await _place).DisposeAsync();
    }
}
