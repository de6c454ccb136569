using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A lane is told of with the newest instance of the store, so that new ids are above those of its owner before.</summary>
public sealed class NewestTests
{
    [Fact]
    public async Task Where_the_newest_instance_cannot_be_asked_for_the_lane_is_told_of_when_it_can()
    {
        await using var place = await OwnershipPlace.Make(2);
        var asked = 0;
        await using var a = await place.Open();      // hands nothing over before it is attached
        await using var keeper = new Keeper(place.Options(), () => ++asked < 4 ? throw new IOException("away") : new InstanceId(7));
        var told = new Recorder();
        InstanceId newest = default;
        told.OnGained = taken => newest = taken.Newest;
        await Task.Run(() => keeper.Open(new("here", Environment.ProcessId, "build"), CancellationToken.None));
        keeper.Attach(told);
        a.Attach();
        await told.Until(t => t.Count("gained") == 1, "it is told of the lane");
        Assert.Equal(7, newest.Value);
        Assert.True(asked >= 4);
        await OwnershipPlace.Eventually(() => Enumerable.Range(0, 2).Count(keeper.Holds) == 1, () => "it is sure of the lane");
    }
}
