using Perdure.Testing;
using Perdure.Authoring.Tests.Shop;
using Perdure.Kernel;

namespace Perdure.Authoring.Tests;

/// <summary>A map is immutable data: taken in, replaced, redirected, rearranged by code.</summary>
public sealed class MapAlgebraTests
{
    private static readonly Map<Order> V1 = OrderFulfillment.Version1.Map;
    private static readonly Map<Order> V2 = OrderFulfillmentV2.Version2.Map;

    private static string[] Names<T>(Map<T> map) where T : class => [.. map.States.Select(s => s.Name)];

    private static string[] Edges<T>(Map<T> map) where T : class =>
        [.. map.States.SelectMany(s => s.To.Select(to => $"{s.Name} -> {map.States.First(t => t.Type == to).Name}"))];

    [Fact]
    public void Version_1_reads_as_it_is_written()
    {
        Assert.Equal(["Received", "Inventory_Locked", "Approval", "Charged", "COMPLETED", "REJECTED", "TRANSACTION_REVOKED"], Names(V1));
        Assert.Equal([StateKind.Start, StateKind.State, StateKind.Gate, StateKind.State, StateKind.End, StateKind.End, StateKind.Revoked], V1.States.Select(s => s.Kind));
        Assert.Equal(
            ["Received -> Inventory_Locked", "Received -> REJECTED", "Inventory_Locked -> Approval", "Inventory_Locked -> Charged", "Inventory_Locked -> TRANSACTION_REVOKED",
             "Approval -> Inventory_Locked", "Approval -> TRANSACTION_REVOKED", "Charged -> COMPLETED", "Charged -> TRANSACTION_REVOKED"], Edges(V1));
        var locked = V1.States[1];
        Assert.Equal((5.Minutes, Severity.High), (locked.Within!.Value, locked.Page));
        Assert.Equal("risk-officer", V1.States[2].Role);
    }

    [Fact]
    public void Version_2_is_made_from_version_1_whose_map_stays_as_it_was()
    {
        Assert.Equal(["Received", "Inventory_Locked", "Approval", "Charged", "COMPLETED", "REJECTED", "TRANSACTION_REVOKED", "Screening", "InTransit", "Delivered"], Names(V2));
        Assert.Equal(
            ["Received -> Screening", "Received -> REJECTED", "Inventory_Locked -> Approval", "Inventory_Locked -> Charged", "Inventory_Locked -> TRANSACTION_REVOKED",
             "Approval -> Inventory_Locked", "Approval -> TRANSACTION_REVOKED", "Charged -> InTransit", "Charged -> TRANSACTION_REVOKED",
             "Screening -> Inventory_Locked", "Screening -> TRANSACTION_REVOKED", "InTransit -> Delivered", "InTransit -> TRANSACTION_REVOKED", "Delivered -> COMPLETED"], Edges(V2));
        Assert.Contains("Received -> Inventory_Locked", Edges(V1));
        Assert.Empty(V2.Check());
    }

    [Fact]
    public async Task A_redirected_edge_converts_the_data_of_what_the_body_returns()
    {
        var start = V2.States[0];
        var visit = new FakeVisit<Order>(Orders.Good).Given(new ReserveInventory(), _ => new Hold("h"));
        Assert.Equal(new Screening(new(new("h"))), await start.Body!(visit, Orders.Good));

        // what is not redirected stays: an inconsistent order is still rejected
        var bad = Orders.Good with { Total = 0 };
        Assert.Equal(new Rejected("total-mismatch"), await start.Body!(new FakeVisit<Order>(bad), bad));
    }

    [Fact]
    public void A_gate_is_redirected_too()
    {
        var gate = V1.Redirect((TransactionRevoked r) => new Rejected(r.Reason), from: typeof(Approval)).States[2];
        var next = gate.Decide!(new FakeVisit<Order>(Orders.Good), new Approval(new("h")), new(false, "Ada", "too risky"));
        Assert.Equal(new Rejected("too risky"), next);
        Assert.Equal([typeof(InventoryLocked), typeof(Rejected)], gate.To);
    }

    [Fact]
    public void Redirecting_to_where_a_state_already_goes_leaves_one_edge() =>
        Assert.Equal([typeof(TransactionRevoked)], V1.Redirect((Completed _) => new TransactionRevoked("no")).States[3].To);

    [Fact]
    public void Redirecting_what_is_not_there_is_refused()
    {
        Assert.Contains("no edge to Lost", Assert.Throws<InvalidOperationException>(() => V1.Redirect((Lost _) => new Rejected("x"))).Message, StringComparison.Ordinal);
        Assert.Contains("no edge from Charged to Rejected", Assert.Throws<InvalidOperationException>(() => V1.Redirect((Rejected r) => new TransactionRevoked(r.Reason), from: typeof(Charged))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replaced_state_keeps_its_name_deadline_and_place()
    {
        var map = V1.Replace<InventoryLocked>().Runs((_, locked) => Task.FromResult<To<Charged>>(new Charged(new(locked.Hold.Id))));
        var state = map.States[1];
        Assert.Equal(("Inventory_Locked", 5.Minutes, Severity.High, StateKind.State), (state.Name, state.Within!.Value, state.Page, state.Kind));
        Assert.Equal([typeof(Charged)], state.To);
        Assert.Equal(new Charged(new("h")), await state.Body!(new FakeVisit<Order>(Orders.Good), new InventoryLocked(new("h"))));
        Assert.Equal(["map.unreachable"], map.Check().Select(p => p.Code));     // nobody goes to the gate any more, and the check says so
    }

    [Fact]
    public void A_replaced_start_stays_the_start() =>
        Assert.Equal(StateKind.Start, V1.Replace<Order>().Runs((_, _) => Task.FromResult<To<Rejected>>(new Rejected("closed"))).States[0].Kind);

    [Fact]
    public void A_replaced_gate_keeps_its_role()
    {
        var gate = V1.ReplaceGate<Approval>().Decides((_, waiting, decision) => (To<InventoryLocked, Rejected>)(decision.Approved ? new InventoryLocked(waiting.Hold) : new Rejected(decision.Why))).States[2];
        Assert.Equal((StateKind.Gate, "risk-officer"), (gate.Kind, gate.Role));
        Assert.Equal([typeof(InventoryLocked), typeof(Rejected)], gate.To);
        Assert.Equal(new Rejected("no"), gate.Decide!(new FakeVisit<Order>(Orders.Good), new Approval(new("h")), new(false, "Ada", "no")));
    }

    [Fact]
    public void Replacing_what_is_not_there_or_has_no_body_is_refused()
    {
        Assert.Contains("no state Lost to replace", Assert.Throws<InvalidOperationException>(() => V1.Replace<Lost>()).Message, StringComparison.Ordinal);
        Assert.Contains("use ReplaceGate<Approval>()", Assert.Throws<InvalidOperationException>(() => V1.Replace<Approval>()).Message, StringComparison.Ordinal);
        Assert.Contains("is an end", Assert.Throws<InvalidOperationException>(() => V1.Replace<Completed>()).Message, StringComparison.Ordinal);
        Assert.Contains("Charged is no gate", Assert.Throws<InvalidOperationException>(() => V1.ReplaceGate<Charged>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_state_is_taken_into_another_map()
    {
        var map = new Map<Order>().Start().Runs((_, _) => Task.FromResult<To<Charged>>(new Charged(new("c")))).Include(V1.Only<Charged>()).End<Completed>().Revoked<TransactionRevoked>();
        Assert.Empty(map.Check());
        Assert.Equal(["Order", "Charged", "Completed", "TransactionRevoked"], Names(map));
        Assert.Throws<InvalidOperationException>(() => V1.Only<Lost>());
    }

    [Fact]
    public void A_whole_map_is_taken_in_and_its_start_becomes_a_state()
    {
        var map = new Map<Order>().Start("Quoted").Runs((_, order) => Task.FromResult<To<Rejected>>(new Rejected("no"))).Include(V1.Without<Rejected>()).End<Rejected>();
        Assert.Equal(StateKind.State, map.States[1].Kind);
        Assert.Contains(map.Check(), p => p.Code == "map.state-twice");         // one record is one state: the input cannot stand for both
    }

    [Fact]
    public void A_state_is_dropped_and_the_check_says_who_still_goes_there()
    {
        var map = V1.Without<Approval>();
        Assert.Equal(6, map.States.Length);
        var problem = Assert.Single(map.Check());
        Assert.Equal(("map.nowhere", "Inventory_Locked"), (problem.Code, problem.State));
        Assert.Empty(map.Redirect((Approval a) => new Charged(new(a.Hold.Id))).Check());
        Assert.Throws<InvalidOperationException>(() => V1.Without<Lost>());
    }

    [Fact]
    public void One_part_serves_two_workflows() =>
        Assert.Equal(["Ordered -> InTransit", "InTransit -> Delivered", "InTransit -> Lost"], Edges(new SendReplacement(new(), new()).Map));

    [Fact]
    public void A_map_is_made_once() => Assert.Same(OrderFulfillment.Version1.Map, OrderFulfillment.Version1.Map);

    [Fact]
    public void Where_cancelling_ends_and_with_what()
    {
        var end = Assert.Single(V1.States, s => s.OnCancel is not null);
        Assert.Equal(new TransactionRevoked("changed my mind"), end.OnCancel!(new("Ada", "changed my mind")));
    }

    [Fact]
    public void The_business_key_is_the_workflows_own() => Assert.Equal("o-1", ((IWorkflow)OrderFulfillment.Version1).BusinessKey(Orders.Good));
}

internal static class Orders
{
    public static Order Good { get; } = new("o-1", "c-1", [new("SKU-1", 2, 10m), new("SKU-2", 1, 5m)], 25m, "4242424242424242", new("Ada", "1 Street", "Town", "GB"));
}
