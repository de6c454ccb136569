using Microsoft.Extensions.Logging.Abstractions;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.StoreConformance;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>A store of two databases keeps what every store promises, in the first of them.</summary>
public sealed class ShardedConformanceTests() : ShardedConformance(0);

/// <summary>The same in the second.</summary>
public sealed class ShardedConformanceInTheSecondTests() : ShardedConformance(1);

/// <summary>What every store promises, kept by one of two databases.</summary>
public abstract class ShardedConformance : StoreConformance.StoreConformance
{
    private readonly int _number;

    // Here, so that it goes with the test.
    protected ShardedConformance(int number) => (_number, Life.In) = (number, (number, 16));

    private readonly Task<Place[]> _places = Task.WhenAll(Place.Make(), Place.Make());

    protected override IStore Create() => new ShardedStore(Maps.Of(1, _places.GetAwaiter().GetResult()), null, NullLoggerFactory.Instance, TimeProvider.System);

    protected override bool HasAll(Ports.Ownership owned) => owned.Lanes.Count == 2;

    protected override LaneLease Chosen(Ports.Ownership owned) => owned.Lanes.OrderBy(l => l.Lane).ElementAt(_number);

    protected override IViews Log => Store.Views.Logs[_number];

    protected override bool Tamper(InstanceId instance, long version, Tampering how)
    {
        using var shell = _places.GetAwaiter().GetResult()[_number].Shell();
        return Tampers.With(shell, instance, version, how);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var place in await _places) await place.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
