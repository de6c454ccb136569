using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_honest_history_verifies_and_gives_its_head()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn(), life.Turn(Orders.Locked), life.Turn());
        var found = await Store.Views.Verify(life.Id, null, Now);
        Assert.True(found.Intact, found.Problem);
        Assert.Equal(4, found.Records);
        Assert.Equal(life.Head.ToArray(), found.Head.ToArray());
        Assert.True((await Store.Views.Verify(life.Id, (4, life.Head), Now)).Intact);
        await Must(life.Turn());
        Assert.True((await Store.Views.Verify(life.Id, (4, found.Head), Now)).Intact);
    }

    [Fact]
    public async Task Several_are_read_together_as_each_is_alone()
    {
        Life plain = new(), moved = new(), stacked = new(), told = new(), missing = new();
        await Must(plain.Start(), plain.Turn(), moved.Start(), moved.Turn(Orders.Locked), moved.Turn(), moved.Turn(), stacked.Start(tokens: [new(1, 1, "reserve", 1, "reserve-inventory", true)]),
            stacked.Turn(tokens: [new(2, 1, "charge", 1, "capture-charge", true)]), told.Start(), told.Turn(messages: ["m-1", "m-2"]));
        InstanceId[] ids = [plain.Id, missing.Id, moved.Id, stacked.Id, told.Id];
        // A store that has no way to is asked for each.
        if (Store.LoadTogether(ids, Now) is not { } reading) return;
        var found = (await reading).ToDictionary(f => f.Row.Id);
        Assert.Equal(4, found.Count);
        foreach (var id in ids.Where(i => i != missing.Id)) Assert.Equal(Text(await Loaded(id)), Text(found[id]));

        static string Text(StoredInstance of) => System.Text.Json.JsonSerializer.Serialize(of with { Stack = [.. of.Stack.OrderBy(e => e.Ordinal)], Messages = [.. of.Messages.Order(StringComparer.Ordinal)] });
    }

    [Fact]
    public async Task A_long_history_verifies()
    {
        var life = new Life();
        await Must(life.Start());
        await Must([.. Enumerable.Range(0, 1_499).Select(_ => life.Turn())]);
        var found = await Store.Views.Verify(life.Id, (1_500, life.Head), Now);
        Assert.True(found.Intact, found.Problem);
        Assert.Equal(1_500, found.Records);
    }

    [Fact]
    public async Task A_head_that_is_further_on_shows_that_the_tail_was_cut_off()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn());
        var head = life.Copy();
        head.Turn();
        var found = await Store.Views.Verify(life.Id, (3, head.Head), Now);
        Assert.False(found.Intact);
        Assert.Equal(3, found.BrokenAt);
    }

    [Fact]
    public async Task Another_head_shows_that_the_history_was_written_anew()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn());
        Assert.Equal(2, (await Store.Views.Verify(life.Id, (2, new byte[32]), Now)).BrokenAt);
    }

    [Fact]
    public async Task A_wrong_link_is_named()
    {
        var life = new Life();
        await Must(life.Start(), life.Turn());
        var wrong = life.Copy();
        wrong.Turn();
        await Must(wrong.Turn(version: 3));
        Assert.Equal(3, (await Store.Views.Verify(life.Id, null, Now)).BrokenAt);
    }

    [Theory]
    [InlineData(Tampering.Alter, 1, 1)]
    [InlineData(Tampering.Alter, 3, 3)]
    [InlineData(Tampering.Alter, 6, 6)]
    [InlineData(Tampering.Remove, 1, 1)]
    [InlineData(Tampering.Remove, 3, 3)]
    [InlineData(Tampering.Swap, 2, 2)]
    [InlineData(Tampering.Swap, 5, 5)]
    [InlineData(Tampering.CutTail, 4, 4)]
    [InlineData(Tampering.CutTail, 1, 1)]
    public async Task The_first_record_that_was_tampered_with_is_named(Tampering how, int version, int brokenAt)
    {
        var life = new Life();
        await Must(life.Start(), life.Turn(), life.Turn(), life.Turn(), life.Turn(), life.Turn());
        await Store.Close(Now);
        await Store.DisposeAsync();
        if (!Tamper(life.Id, version, how)) Assert.Skip("This store cannot be tampered with.");
        await Open();
        var found = await Store.Views.Verify(life.Id, (6, life.Head), Now);
        Assert.False(found.Intact);
        Assert.Equal(brokenAt, found.BrokenAt);
        Assert.NotNull(found.Problem);
    }
}
