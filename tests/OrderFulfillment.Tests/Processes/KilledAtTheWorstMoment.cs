namespace Shop.Tests.Processes;

/// <summary>Kills where they hurt most.</summary>
public sealed class KilledAtTheWorstMoment
{
    private const string Slow = "4000000000000259", HangsUp = "4000000000000341", Never = "4000000000000408";
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task In_the_midst_of_compensation_it_goes_on_in_reverse_order()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Merchant:SlowMilliseconds=1500");
        var order = TestOrder.Of("o-1", Slow, country: "ZZ", quantity: 4, ends: TestOrder.Revoked);
        await shop.Place(order);
        // The refund of the slow card is in the merchant's books, but not in the instance's yet; the stock is still reserved.
        await Eventually.Holds(() => shop.Charges(order), charges => charges is [{ Status: "refunded" }], Stop, TimeSpan.FromSeconds(20));
        Assert.Equal(4, (await shop.Stock("SKU-1")).Reserved);
        Assert.Equal("compensating", (await shop.Instance(order)).Phase);

        await shop.KillAndStart();

        await shop.Settled(order);
        await Audit.Agrees(shop, [order]);
    }

    [Fact(Timeout = 60_000)]
    public async Task While_a_deadline_passes_there_is_exactly_one_page()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Orders:InventoryLockedWithin=00:00:02", "--Merchant:SlowMilliseconds=6000");
        var before = TestOrder.Of("o-1", Slow, ends: TestOrder.Completed);
        await shop.Place(before);
        var due = (await shop.Until(before, instance => instance.State == "Inventory_Locked")).Deadline!.Due!.Value;
        await shop.Process.Kill();
        // It passes while nobody runs.
        await Eventually.Holds(() => DateTimeOffset.UtcNow, now => now > due, Stop);
        await shop.Start();
        await Eventually.Holds(() => shop.Pages(before), pages => pages.Count > 0, Stop);
        Assert.Contains("perdure_deadline_breaches_total{otel_scope_name=\"Perdure\",workflow=\"order-fulfillment\"} 1", await shop.Text("/metrics"), StringComparison.Ordinal);

        await shop.KillAndStart();

        await shop.Settled(before);
        var page = Assert.Single(await shop.Pages(before));
        Assert.Equal(("high", "Inventory_Locked"), (page.Severity, page.State));
        await Audit.Agrees(shop, [before]);
    }

    [Fact(Timeout = 60_000)]
    public async Task In_the_gate_it_waits_on_and_takes_one_decision()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        var approved = TestOrder.Of("o-1", price: 20_000m, ends: TestOrder.Completed);
        var refused = TestOrder.Of("o-2", price: 20_000m, ends: TestOrder.Revoked);
        foreach (var order in new[] { approved, refused })
        {
            await shop.Place(order);
            Assert.Equal(TestOrder.Gate, (await shop.Settled(order)).State);
        }

        await shop.KillAndStart();
        Assert.Equal(TestOrder.Gate, (await shop.Instance(approved)).State);
        await shop.Decide(approved, true, "rita");
        await shop.Process.Kill();
        await shop.Start();
        await shop.Decide(refused, false, "rita");

        Assert.Equal(TestOrder.Completed, (await shop.Settled(approved)).State);
        Assert.Equal(TestOrder.Revoked, (await shop.Settled(refused)).State);
        await Audit.Agrees(shop, [approved, refused]);
        Assert.Contains(await shop.History(approved), e => e.Data.ToString().Contains("rita", StringComparison.Ordinal));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Slow)]
    [InlineData(HangsUp)]
    public async Task Between_the_charge_and_its_record_there_is_one_charge(string card)
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Merchant:SlowMilliseconds=2000", "--Merchant:RetryMilliseconds=2000");
        var order = TestOrder.Of("o-1", card, ends: TestOrder.Completed);
        await shop.Place(order);
        await Eventually.Holds(() => shop.Charges(order), charges => charges.Length > 0, Stop);
        Assert.Equal("Inventory_Locked", (await shop.Instance(order)).State);

        await shop.KillAndStart();

        Assert.Equal(TestOrder.Completed, (await shop.Settled(order)).State);
        Assert.Single(await shop.Charges(order));
        await Audit.Agrees(shop, [order]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_charge_whose_refund_overtook_it_stays_refused()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        var order = TestOrder.Of("o-1", Never, ends: TestOrder.Revoked);
        await shop.Place(order);
        await shop.Until(order, instance => instance.State == "Inventory_Locked" && instance.Steps.Any(step => step is { Name: "capture-charge", Attempts: >= 2 }));

        await shop.KillAndStart();

        await shop.Settled(order);
        var refusals = await Eventually.Holds(() => shop.Get<System.Text.Json.JsonElement[]>($"/merchant/refusals?orderId={order.Id}"), found => found.Length > 0, Stop);
        Assert.Single(refusals);
        await Audit.Agrees(shop, [order]);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_order_that_kills_its_process_is_quarantined_and_the_others_go_on()
    {
        string[] poison = ["--Inventory:Poison=true", "--Merchant:SlowMilliseconds=2000"];
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, poison);
        var deadly = TestOrder.Of("o-poison", sku: Inventory.InventorySettings.PoisonSku, ends: TestOrder.Revoked);
        // Some are in the midst of their charge when it kills the first time, some come when it is put aside.
        var bystanders = Enumerable.Range(0, 4).Select(n => TestOrder.Of($"b-{n}", Slow, ends: [TestOrder.Completed, TestOrder.Revoked])).ToList();
        var others = Enumerable.Range(0, 6).Select(n => TestOrder.Of($"o-{n}", ends: TestOrder.Completed)).ToList();
        foreach (var order in bystanders) await shop.Place(order);
        await shop.Place(deadly);
        var deaths = 0;
        WireInstance? quarantined = null;
        while (quarantined is null)
        {
            await shop.Process.Exited(Stop);
            Assert.True(++deaths <= 10, $"It still kills after {deaths} deaths.");
            await shop.Process.DisposeAsync();
            await shop.Start(mayDie: true);
            quarantined = await UntilIncidentOrDeath(shop, deadly);
        }
        Assert.Contains("quarantine", quarantined.Incident!.Failure!.Code, StringComparison.Ordinal);
        Assert.True(deaths >= 5);

        await Task.WhenAll(others.Select(shop.Place));
        foreach (var order in bystanders.Concat(others)) await shop.Settled(order);
        Assert.Single(await shop.Pages(deadly));

        // An operator gives it up: what it did until then is undone.
        await shop.Command(deadly, "cancel");
        await shop.Until(deadly, instance => instance.Status == "ended");
        await Audit.Agrees(shop, [deadly, .. bystanders, .. others]);
    }

    [Fact(Timeout = 60_000)]
    public async Task Asked_to_stop_it_stops_in_good_order_and_loses_nothing()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Merchant:SlowMilliseconds=1000");
        var orders = new[] { TestOrder.Of("o-1", Slow, ends: TestOrder.Completed), TestOrder.Of("o-2", Never, ends: TestOrder.Revoked), TestOrder.Of("o-3", ends: TestOrder.Completed) };
        foreach (var order in orders) await shop.Place(order);

        Assert.Equal(0, await shop.Process.Terminate(Stop));
        await shop.Start();

        foreach (var order in orders) await shop.Settled(order);
        await Audit.Agrees(shop, orders);
    }

    private static async Task<WireInstance?> UntilIncidentOrDeath(RunningShop shop, TestOrder order)
    {
        try { return shop.Process.HasExited ? null : await shop.Until(order, instance => instance.Status == "incident", TimeSpan.FromSeconds(20)); }
        catch (HttpRequestException) { return null; }
    }
}
