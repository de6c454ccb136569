using Perdure;
using Perdure.Testing;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Merchant;
using Shop.Orders;

namespace Shop.Tests.Orders;

/// <summary>The workflow, a body at a time, without an engine.</summary>
public sealed class OrderFulfillmentTests
{
    private static readonly Hold Hold = new("hold-1");
    private static readonly Charge Charge = new("ch_1");
    private static readonly Order Order = new("o-1", "c-1", "EUR", [new("SKU-1", 2, 10m), new("SKU-2", 1, 5m), new("SKU-1", 1, 10m)], 35m, "4242424242424242", new("Ada", "1 Main", "London", "GB"));

    private static readonly MerchantSettings Merchant = new();
    private static readonly ReserveInventory Reserve = new(null!);
    private static readonly CaptureCharge Capture = new(null!, Merchant);
    private static readonly PickAndPack Pick = new(null!, new());
    private static readonly DispatchShipment Dispatch = new(null!);
    private static readonly HandOver HandOver = new(null!);
    private static readonly OrderFulfillment Flow = new(Reserve, Capture, Pick, Dispatch, HandOver, new());

    [Fact]
    public void The_map_is_sound_and_as_approved()
    {
        Assert.Empty(Flow.Check());
        Assert.Equal(
            """
            Received -> Inventory_Locked, REJECTED
            Inventory_Locked -> Approval, Charged, TRANSACTION_REVOKED
            Approval -> Inventory_Locked, TRANSACTION_REVOKED
            Charged -> COMPLETED, TRANSACTION_REVOKED
            """,
            string.Join('\n', Flow.States.Where(s => s.To.Length > 0).Select(s => $"{s.Name} -> {string.Join(", ", s.To.Select(to => Flow.States.Single(t => t.Type == to).Name))}")));
    }

    [Fact]
    public void An_order_has_its_id_as_the_business_key() => Assert.Equal("o-1", ((IWorkflow)Flow).BusinessKey(Order));

    [Fact]
    public async Task A_received_order_locks_what_it_needs_of_each_article()
    {
        Reservation? asked = null;
        var visit = new FakeVisit<Order>(Order).Given(Reserve, wanted => { asked = wanted; return Hold; });
        Assert.Equal(new InventoryLocked(Hold), (await Flow.Receive(visit, Order)).State);
        Assert.Equal([new Item("SKU-1", 3), new Item("SKU-2", 1)], asked!.Items);
    }

    [Fact]
    public async Task What_is_out_of_stock_is_rejected() =>
        Assert.Equal(new Rejected("out-of-stock"), (await Flow.Receive(new FakeVisit<Order>(Order).Fails(Reserve, "out-of-stock"), Order)).State);

    public static TheoryData<Order, string> Inconsistent => new()
    {
        { Order with { Total = 34.99m }, "total-mismatch" },
        { Order with { Lines = [] }, "no-lines" },
        { Order with { Lines = [null!] }, "line-out-of-range" },
        { Order with { Lines = [new("SKU-1", -1, 10m)], Total = -10m }, "line-out-of-range" },
        { Order with { Lines = [new("SKU-1", int.MaxValue, decimal.MaxValue)] }, "line-out-of-range" },
        { Order with { Lines = [.. Enumerable.Repeat(new Line("SKU-1", 1, 1m), 101)], Total = 101m }, "too-many-lines" },
    };

    [Theory, MemberData(nameof(Inconsistent), DisableDiscoveryEnumeration = true)]
    public async Task What_does_not_agree_is_rejected_and_nothing_is_touched(Order order, string fault)
    {
        var visit = new FakeVisit<Order>(order);
        Assert.Equal(new Rejected(fault), (await Flow.Receive(visit, order)).State);
        Assert.Empty(visit.Ran);
    }

    [Fact]
    public async Task A_locked_order_is_charged()
    {
        Payment? asked = null;
        var visit = new FakeVisit<Order>(Order).Given(Capture, payment => { asked = payment; return Charge; });
        Assert.Equal(new Charged(Hold, Charge), (await Flow.Capture(visit, new(Hold))).State);
        Assert.Equal(new Payment("o-1", 35m, "EUR", "4242424242424242"), asked);
    }

    [Fact]
    public async Task A_refused_card_revokes() =>
        Assert.Equal(new TransactionRevoked("declined"), (await Flow.Capture(new FakeVisit<Order>(Order).Fails(Capture, "declined"), new(Hold))).State);

    [Theory]
    [InlineData(10_000.00, false)]
    [InlineData(10_000.01, true)]
    public async Task Above_the_threshold_a_person_decides_first(double total, bool waits)
    {
        var visit = new FakeVisit<Order>(Order with { Total = (decimal)total }).Given(Capture, _ => Charge);
        Assert.Equal(waits ? new Approval(Hold) : new Charged(Hold, Charge), (await Flow.Capture(visit, new(Hold))).State);
        Assert.Equal(waits ? [] : ["capture-charge"], visit.Ran);
    }

    [Fact]
    public async Task What_was_approved_is_charged_whatever_it_costs()
    {
        var visit = new FakeVisit<Order>(Order with { Total = 20_000m }).Given(Capture, _ => Charge);
        Assert.Equal(new Charged(Hold, Charge), (await Flow.Capture(visit, new(Hold, ApprovedBy: "rita"))).State);
    }

    [Fact]
    public void A_decision_leads_back_or_revokes()
    {
        var visit = new FakeVisit<Order>(Order);
        Assert.Equal(new InventoryLocked(Hold, "rita"), Flow.Approve(visit, new(Hold), new(true, "rita", "")).State);
        Assert.Equal(new TransactionRevoked("looks odd"), Flow.Approve(visit, new(Hold), new(false, "rita", "looks odd")).State);
    }

    [Fact]
    public async Task A_charged_order_is_picked_article_by_article_dispatched_and_handed_over()
    {
        var visit = Picking().Given(Dispatch, goods => new Shipment($"shp-{goods.Parcels.Count}")).Given(HandOver, hold => new HandedOver(hold.Id));
        Assert.Equal(new Completed(new("shp-2")), (await Flow.Ship(visit, new(Hold, Charge))).State);
        Assert.Equal(["pick-and-pack[SKU-1]", "pick-and-pack[SKU-2]", "dispatch-shipment", "hand-over"], visit.Ran);
    }

    [Fact]
    public async Task A_refused_shipment_revokes_and_hands_nothing_over()
    {
        var visit = Picking().Fails(Dispatch, "shipment-refused");
        Assert.Equal(new TransactionRevoked("shipment-refused"), (await Flow.Ship(visit, new(Hold, Charge))).State);
        Assert.DoesNotContain("hand-over", visit.Ran);
    }

    private static FakeVisit<Order> Picking() => new FakeVisit<Order>(Order).Given(Pick, pick => new Parcel($"p-{pick.Item.Sku}", pick.Item));
}
