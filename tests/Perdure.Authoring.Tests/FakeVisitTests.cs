using Perdure.Authoring.Tests.Shop;
using Perdure.Kernel;
using Perdure.Testing;

namespace Perdure.Authoring.Tests;

/// <summary>One body, tested without an engine.</summary>
public sealed class FakeVisitTests
{
    private static readonly ReserveInventory Reserve = new();
    private static readonly CaptureCharge Capture = new();
    private static readonly PickAndPack Pick = new();
    private static readonly DispatchShipment Dispatch = new();
    private static readonly OrderFulfillment Flow = OrderFulfillment.Version1;
    private static readonly Order Order = Orders.Good;

    private static FakeVisit<Order> Visit() => new(Order);

    [Fact]
    public async Task A_body_is_called_like_any_method_and_its_answer_compared()
    {
        var visit = Visit().Given(Reserve, reservation => new Hold("hold of " + reservation.OrderId));
        var next = await Flow.Receive(visit, Order);
        Assert.True(next == new InventoryLocked(new("hold of o-1")));
        Assert.Equal(["reserve-inventory"], visit.Ran);
        Assert.Equal(new Reservation("o-1", Order.Lines), Assert.Single(visit.Asked).Input);
    }

    [Fact]
    public async Task A_failed_operation()
    {
        Assert.Equal(new Rejected("out-of-stock"), (await Flow.Receive(Visit().Fails(Reserve, "out-of-stock"), Order)).State);
        Assert.Equal(new Rejected("thrown"), (await Flow.Receive(Visit().Given(Reserve, _ => throw new PermanentFailure("thrown", "x")), Order)).State);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_failure_is_seen_as_the_engine_shows_it(bool transient, bool unknown)
    {
        PerdureException thrown = unknown ? new UnknownOutcome("c", "m") : transient ? new TransientFailure("c", "m") : new PermanentFailure("c", "m");
        var visit = Visit().Given(Reserve, _ => throw thrown).Fails(Capture, "c", transient, unknown);
        var seen = await Assert.ThrowsAsync<OperationFailed>(() => visit.Run(Reserve, new("o", [])));
        Assert.Equal(("c", transient, unknown), (seen.Code, seen.Transient, seen.OutcomeUnknown));
        var outcome = await visit.Try(Capture, new("o", 1m, ""));
        Assert.False(outcome.Ok);
        Assert.Equal(("c", transient, unknown), (outcome.Failure.Code, outcome.Failure.Transient, outcome.Failure.Unknown));
    }

    [Fact]
    public async Task What_a_script_throws_otherwise_goes_to_the_test() =>
        await Assert.ThrowsAsync<InvalidCastException>(() => Visit().Given(Reserve, _ => throw new InvalidCastException()).Try(Reserve, new("o", [])));

    [Fact]
    public async Task A_name_that_was_given_and_is_a_numbered_repeat_s_as_well_is_told_with_its_fix()
    {
        var visit = Visit().Given(Pick, line => new Parcel(line.Sku));
        await visit.Run(Pick, Order.Lines[0], name: "pick#2");
        await visit.Run(Pick, Order.Lines[0], name: "pick");
        var e = await Assert.ThrowsAsync<FakeVisitException>(() => visit.Run(Pick, Order.Lines[0], name: "pick"));
        Assert.StartsWith("\"pick#2\" is the name of use 2 of \"pick\"", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_not_scripted_is_a_clear_error()
    {
        var e = await Assert.ThrowsAsync<FakeVisitException>(() => Flow.Receive(Visit().Given(Capture, _ => new("c")), Order));
        Assert.StartsWith("The body runs \"reserve-inventory\" with Reservation { OrderId = o-1", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("Add .Given(step, input => output), or .Fails(step, code). It has been said for: capture-charge.", e.Message, StringComparison.Ordinal);
        Assert.Contains("Add .Sends(", (await Assert.ThrowsAsync<FakeVisitException>(() => Visit().Signal<CarrierDelivered>())).Message, StringComparison.Ordinal);
        Assert.Contains("starts the child \"loyalty-points[k]\"", (await Assert.ThrowsAsync<FakeVisitException>(() => Visit().Child(new LoyaltyPoints(new()), "k", new("c", 1m)))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FakeVisitException>(() => Visit().Given(Reserve, _ => null!).Run(Reserve, new("o", [])));
    }

    [Fact]
    public async Task Repeats_are_numbered_and_keyed_as_the_engine_does()
    {
        var visit = Visit().Given(Pick, line => new Parcel(line.Sku)).Given(Pick, _ => new Parcel("keyed"), key: "k").Given(Pick, _ => new Parcel("second"), name: "pick-and-pack#2");
        var line = Order.Lines[0];
        Assert.Equal(["SKU-1", "second", "keyed", "SKU-1", "SKU-1"],
            [(await visit.Run(Pick, line)).Sku, (await visit.Run(Pick, line)).Sku, (await visit.Run(Pick, line, key: "k")).Sku, (await visit.Run(Pick, line)).Sku, (await visit.Run(Pick, line, name: "other")).Sku]);
        Assert.Equal(["pick-and-pack", "pick-and-pack#2", "pick-and-pack[k]", "pick-and-pack#3", "other"], visit.Ran);
        Assert.All(visit.Asked, asked => Assert.Equal("pick-and-pack", asked.Target));
    }

    [Fact]
    public async Task Each_gives_the_results_in_the_order_of_the_inputs()
    {
        var visit = Visit().Given(Pick, line => new Parcel(line.Sku)).Given(Dispatch, c => new Shipment(string.Join('+', c.Parcels.Select(p => p.Sku))));
        Assert.Equal(new Completed(new("SKU-1+SKU-2")), (await Flow.Ship(visit, new(new("c")))).State);
        Assert.Equal(["pick-and-pack[SKU-1]", "pick-and-pack[SKU-2]", "dispatch-shipment"], visit.Ran);
    }

    [Fact]
    public async Task Each_fails_with_the_first_failure_and_starts_none_after_it()
    {
        string[] skus = ["a", "b", "c", "d"];
        var visit = Visit().Given(Pick, line => new Parcel(line.Sku)).Fails(Pick, "gone", key: "a").Fails(Pick, "late", key: "b");
        var e = await Assert.ThrowsAsync<OperationFailed>(() => visit.Each(Pick, skus.Select(sku => new Line(sku, 1, 1m)), line => line.Sku, atOnce: 2));
        Assert.Equal("gone", e.Code);
        Assert.Equal(["pick-and-pack[a]", "pick-and-pack[b]"], visit.Ran);
    }

    [Fact]
    public async Task Values_decided_once_can_be_given()
    {
        var locked = new InventoryLocked(new("h"));
        Assert.Equal(new Approval(new("h")), (await Flow.Capture(Visit().Decided("approval-threshold", 1m), locked)).State);
        var visit = Visit().Given(Capture, p => new Charge(p.OrderId));
        Assert.Equal(new Charged(new("o-1")), (await Flow.Capture(visit, locked)).State);
        Assert.Equal(new Asked(EntryKind.Note, "approval-threshold", "", 10_000m), visit.Asked[0]);
    }

    [Fact]
    public void A_value_of_another_type_is_a_clear_error() =>
        Assert.Contains("\"x\" the value 1 of type String; the body decides a Int32", Assert.Throws<FakeVisitException>(() => Visit().Decided("x", "1").Once("x", () => 2)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Clock_randomness_and_ids_are_the_tests()
    {
        var visit = Visit();
        var begun = visit.Now();
        await visit.Sleep(3.Days);
        await visit.Sleep(1.Hours);
        Assert.Equal(3.Days + 1.Hours, visit.Now() - begun);
        Assert.Equal([3.Days, 1.Hours], visit.Slept);
        Assert.Equal(0.5, visit.Random());
        Assert.Equal(["00000001-0000-0000-0000-000000000000", "00000002-0000-0000-0000-000000000000"], [visit.NewId().ToString(), visit.NewId().ToString()]);
        Assert.Equal((0.25, Guid.Empty), (visit.Decided("dice", 0.25).Random("dice"), visit.Decided("mine", Guid.Empty).NewId("mine")));
        Assert.Equal(["now", "sleep", "sleep#2", "now#2", "random", "id", "id#2", "dice", "mine"], visit.Asked.Select(a => a.Name));
    }

    [Fact]
    public async Task Messages_come_in_their_order_or_not_in_time()
    {
        var delivery = new Delivery();
        var parcel = new InTransit(new("s"));
        Assert.Equal(new Delivered(new("s")), (await delivery.Track(Visit().Sends(new CarrierDelivered("s"), after: 2.Days), parcel)).State);
        Assert.Equal(new Lost(new("s")), (await delivery.Track(Visit().Sends(new CarrierDelivered("s"), after: 15.Days), parcel)).State);
        Assert.Equal(new Lost(new("s")), (await delivery.Track(Visit().SendsNothing<CarrierDelivered>(), parcel)).State);

        var visit = Visit().Sends(new CarrierDelivered("1"), after: 2.Days).Sends(new CarrierDelivered("2"));
        var begun = visit.Clock;
        Assert.Null(await visit.Signal<CarrierDelivered>(within: 1.Days));
        Assert.Equal("1", (await visit.Signal<CarrierDelivered>(within: 1.Days))?.ShipmentId);
        Assert.Equal("2", (await visit.Signal<CarrierDelivered>())?.ShipmentId);
        Assert.Equal(2.Days, visit.Clock - begun);
        Assert.Contains("for ever", (await Assert.ThrowsAsync<FakeVisitException>(() => visit.Signal<CarrierDelivered>())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_race_is_won_by_what_takes_the_least_time()
    {
        var visit = Visit().Sends(new CarrierDelivered("s"), after: 2.Days).Given(Reserve, _ => new Hold("h"));
        var begun = visit.Clock;
        Assert.Equal(1, await visit.Race("first", visit.Signal<CarrierDelivered>(), visit.Sleep(1.Days)));
        Assert.Equal(1.Days, visit.Clock - begun);
        Assert.Equal(0, await visit.Race("second", visit.Signal<CarrierDelivered>(), visit.Sleep(3.Days)));      // given up before, it comes now
        Assert.Equal(2.Days, visit.Clock - begun);
        Assert.Equal(1, await visit.Race("third", visit.Sleep(1.Days), visit.Run(Reserve, new("o", []))));
        Assert.Equal(2.Days, visit.Clock - begun);
        Assert.Equal(0, await visit.Decided("fourth", 0).Race("fourth", visit.Sleep(1.Days), visit.Sleep(1.Seconds)));
        await Assert.ThrowsAsync<FakeVisitException>(() => visit.Race("never", visit.Signal<CarrierDelivered>()));
    }

    [Fact]
    public async Task A_child_ends_with_the_record_of_one_of_its_ends()
    {
        var loyalty = new LoyaltyPoints(new());
        var visit = Visit().Ends(loyalty, purchase => new Credited(new((int)purchase.Total)));
        Assert.Equal(new Completed(new("s")), (await OrderFulfillmentV2.Version2.Thank(visit, new(new("s")))).State);
        var end = await visit.Child(loyalty, "other", new("c", 7m));
        Assert.Equal(("Credited", 7), (end.State, end.Data.GetProperty("points").GetProperty("value").GetInt32()));
        Assert.Equal(["loyalty-points[o-1]", "loyalty-points[other]"], visit.Asked.Select(a => a.Name));
        var e = await Assert.ThrowsAsync<FakeVisitException>(() => Visit().Ends(loyalty, _ => new Rejected("x")).Child(loyalty, "k", new("c", 1m)));
        Assert.Contains("Rejected is no end of loyalty-points. Its ends are Credited.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gate_is_a_method_too()
    {
        var visit = Visit();
        Assert.True(Flow.Approve(visit, new(new("h")), new(true, "Ada", "")) == new InventoryLocked(new("h"), "Ada"));
        Assert.True(Flow.Approve(visit, new(new("h")), new(false, "Ada", "too risky")) == new TransactionRevoked("too risky"));
        Assert.Equal(("fake", 1), (visit.Instance, visit.Number));
    }
}
