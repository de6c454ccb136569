namespace Perdure.Simulation.Tests.Stressing;

/// <summary>Runs alone: memory is the whole process's.</summary>
[CollectionDefinition(nameof(MemoryIsBounded), DisableParallelization = true)]
public sealed class AloneWithTheMemory;

/// <summary>What a stage keeps does not grow with what has come through it.</summary>
[Collection(nameof(MemoryIsBounded))]
public sealed class MemoryIsBounded
{
    private const long Room = 3_000_000;

    private readonly Dictionary<int, long> _used = [];

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_arrivals()
    {
        OneOperationIsStressed.Charges.Inputs((_, number) =>
        {
            Weigh(number, 10_000, 200_000);
            return new Payment("order", 1);
        }).Takes(Latency.Constant(20.Milliseconds)).Rate(400).For(10.Minutes).Run();
        Assert.InRange(_used[200_000] - _used[10_000], long.MinValue, Room);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_instances()
    {
        APartOfAMapIsStressed.PackingToShipped.Inputs((dice, number) =>
        {
            Weigh(number, 1_000, 10_000);
            return APartOfAMapIsStressed.Order(dice, number);
        }).Takes(Latency.Constant(5.Milliseconds)).Rate(100).For(100.Seconds).Run();
        Assert.InRange(_used[10_000] - _used[1_000], long.MinValue, Room);
    }

    private void Weigh(int number, int early, int late)
    {
        if (number == early || number == late) _used[number] = GC.GetTotalMemory(forceFullCollection: true);
    }
}
