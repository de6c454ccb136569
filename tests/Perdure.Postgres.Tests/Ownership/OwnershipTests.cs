using System.Diagnostics;
using Npgsql;
using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>Nodes come and go in order.</summary>
public sealed class OwnershipTests
{
    [Fact]
    public async Task A_node_alone_has_all_lanes_once_it_is_open_and_is_sure_of_them()
    {
        await using var place = await OwnershipPlace.Make();
        await using var node = await place.Join();

        Assert.Equal(Enumerable.Range(0, 12), node.Opened.Select(o => o.Lanes.Single().Lane).Order());
        Assert.All(node.Opened, o => Assert.Equal((1L, 12, false, null), (o.Lanes.Single().Epoch, o.Lanes.Single().Lanes, o.Unclean, o.Before)));
        await OwnershipPlace.Eventually(() => node.Sure.Length == 12, () => "it is sure of all lanes");
        await node.Told.Until(t => t.Live.Count == 1, "it knows that it is alive");
        Assert.Equal("w", node.Told.Live[0].Carries.Single().Workflow);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(7)]
    public async Task Lanes_are_even_to_one_while_nodes_join_and_leave(int lanes)
    {
        await using var place = await OwnershipPlace.Make(lanes);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await place.Even(a, b);
        await using var c = await place.Join();
        await place.Even(a, b, c);
        await a.Keeper.Close(CancellationToken.None);
        await place.Even(b, c);

        // All went from hand to hand: nobody was cut off, nothing was lost.
        Assert.All<KeptNode>([a, b, c], n => Assert.Empty(n.Told.Of("lost").Concat(n.Told.Of("gained after a death"))));
        Assert.Equal(2L, await place.Ask<long>("SELECT count(*) FROM node"));
    }

    [Fact]
    public async Task More_nodes_than_lanes_leave_some_without_and_they_take_over_from_one_that_leaves()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await using var c = await place.Join();
        await place.Even(a, b, c);
        var (with, without) = (new[] { a, b, c }.First(n => n.Has.Length == 1), new[] { a, b, c }.Single(n => n.Has.Length == 0));
        await with.Keeper.Close(CancellationToken.None);
        await without.Told.Until(t => t.Count("gained") == 1, "the one without has a lane");
    }

    [Fact]
    public async Task Once_lanes_are_even_none_is_moved_any_more()
    {
        await using var place = await OwnershipPlace.Make(7);
        await using var a = await place.Join();
        await using var b = await place.Join();
        await using var c = await place.Join();
        await place.Even(a, b, c);
        var epochs = await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane");
        var renewals = await place.Ask<long>("SELECT sum(lease_until)::int8 FROM node");
        // Forty looks of each: what is handed round would be by then.
        await OwnershipPlace.Eventually(async () => await place.Ask<long>("SELECT sum(lease_until)::int8 FROM node") > renewals + 3 * 40 * 50, "they have looked often");
        Assert.Equal(epochs, await place.Ask<long>("SELECT sum(epoch)::int8 FROM lane"));
        // 7 were taken by the first; at most 3 went to the second, and 2 to the third.
        Assert.InRange(epochs, 7, 14);
    }

    [Fact]
    public async Task A_lane_is_handed_over_only_when_its_node_has_let_go_and_is_clean_then()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Open();
        a.Told.HoldsBack = true;
        a.Attach();
        await using var b = await place.Join();
        await a.Told.Until(t => t.Count("hand over") == 1, "it is asked");
        Assert.Equal(2, a.Has.Length);
        Assert.Empty(b.Has);

        a.Told.LetGo();
        await b.Told.Until(t => t.Count("gained") == 1, "the other has it");
        Assert.Equal(b.Told.Of("gained").Single().Lane, a.Told.Of("hand over").Single().Lane);
        Assert.Empty(a.Told.Of("lost"));
    }

    [Fact]
    public async Task A_hand_over_that_does_not_end_is_bounded_by_the_lease()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Open();
        a.Told.HoldsBack = true;
        a.Attach();
        await using var b = await place.Join();
        await a.Told.Until(t => t.Count("lost") == 1, "it is taken away");
        Assert.Equal("lane.stuck", a.Told.Of("lost").Single().Why!.Code);
        await b.Told.Until(t => t.Count("gained after a death") == 1, "the other has it, as one that was not let go of");
    }

    [Fact]
    public async Task A_lane_that_was_meant_for_a_node_that_died_goes_to_another()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Open();
        a.Told.HoldsBack = true;
        a.Attach();
        var b = await place.Join();
        await a.Told.Until(t => t.Count("hand over") == 1, "it is asked");
        await b.DisposeAsync();
        a.Told.LetGo();
        await place.Even(a);
        await using var c = await place.Join();
        await place.Even(a, c);
    }

    [Fact]
    public async Task A_node_that_opens_again_after_a_close_finds_all_clean()
    {
        await using var place = await OwnershipPlace.Make();
        await using (var first = await place.Join()) await first.Keeper.Close(CancellationToken.None);
        Assert.Equal(0L, await place.Ask<long>("SELECT count(*) FROM node"));
        await using var second = await place.Join();
        Assert.All(second.Opened, o => Assert.Equal((2L, false), (o.Lanes.Single().Epoch, o.Unclean)));
        Assert.All(second.Opened, o => Assert.NotNull(o.Before));
    }

    [Fact]
    public async Task A_node_that_opens_again_after_a_death_waits_for_the_lanes_and_finds_them_unclean()
    {
        await using var place = await OwnershipPlace.Make();
        await (await place.Join()).DisposeAsync();
        await using var second = await place.Join();
        Assert.Equal(12, second.Opened.Count);
        Assert.All(second.Opened, o => Assert.Equal((2L, true), (o.Lanes.Single().Epoch, o.Unclean)));
    }

    [Fact]
    public async Task What_came_about_before_anybody_was_named_is_told_then()
    {
        await using var place = await OwnershipPlace.Make(4);
        await using var a = await place.Open();      // hands nothing over before it is attached
        await using var b = await place.Open();
        Assert.Empty(b.Opened);
        a.Attach();
        await place.Even(a, b);
        Assert.Empty(b.Told.All);
        b.Attach();
        await b.Told.Until(t => t.Count("gained") == 2 && t.Live.Count == 2, "it is told");
    }

    [Fact]
    public async Task A_node_that_dies_in_the_middle_of_a_hand_over_leaves_its_lanes_to_the_other()
    {
        await using var place = await OwnershipPlace.Make(4);
        var a = await place.Open();
        a.Told.HoldsBack = true;
        a.Attach();
        await using var b = await place.Join();
        await a.Told.Until(t => t.Count("hand over") == 1, "it is asked");
        await a.DisposeAsync();
        await b.Told.Until(t => t.Count("gained after a death") == 4, "the other has all");
        a.Told.LetGo();
        await place.Even(b);
    }

    [Fact]
    public async Task A_close_that_is_not_waited_for_to_the_end_leaves_the_lanes_as_after_a_death()
    {
        await using var place = await OwnershipPlace.Make(2);
        await using var a = await place.Open();
        a.Told.HoldsBack = true;
        a.Attach();
        using var patience = new CancellationTokenSource();
        var closes = a.Keeper.Close(patience.Token);
        await a.Told.Until(t => t.Count("hand over") == 2, "it is asked for both at once");
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closes);
        await using var b = await place.Join();
        Assert.All(b.Opened, o => Assert.True(o.Unclean));
        Assert.Equal(2, b.Opened.Count);
    }
}
