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
        return Tampers.With(shell, instance, version, how);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await (await _place).DisposeAsync();
    }
}
