namespace Shop.Tests.Processes;

/// <summary>Looks from outside whether the books agree with what became of the orders.</summary>
public static class Audit
{
    private const string Breach = "deadline.breached";

    /// <summary>Checks every order and all the stock.</summary>
    public static async Task Agrees(ShopFromOutside shop, IReadOnlyList<TestOrder> orders)
    {
        var edges = (await shop.Map()) is var map ? map.States.SelectMany(state => state.To.Append(map.CancelsTo).Select(to => (state.Name, to))).ToHashSet() : null!;
        Dictionary<string, long> reserved = [], shipped = [];
        HashSet<string> charges = [], shipments = [];
        List<string> wrong = [];

        foreach (var order in orders)
        {
            var instance = await shop.Instance(order);
            void Expect(bool holds, string what) { if (!holds) wrong.Add($"{order.Id} ({instance.Id}, card …{order.Order.Card[^4..]}, {instance.State}/{instance.Status}): {what}"); }

            Expect(order.Ends.Contains(instance.State), $"should be in {string.Join(" or ", order.Ends)}; incident {instance.Incident?.Failure}");
            Expect(instance.State == TestOrder.Gate || instance.Status == "ended", "has not ended");

            var captured = (await shop.Charges(order)).ToList();
            var kept = captured.Where(charge => charge.Status == "captured").Sum(charge => charge.Amount);
            var completed = instance.State == TestOrder.Completed;
            Expect(kept == (completed ? order.Order.Total : 0), $"{kept} of {order.Order.Total} was kept: {string.Join(", ", captured)}");
            Expect(captured.Count(charge => charge.Status == "captured") == (completed ? 1 : 0), "was not charged exactly once");
            Expect(captured.All(charge => charge.Amount == order.Order.Total), $"charged other than {order.Order.Total}: {string.Join(", ", captured)}");
            Expect(captured.All(charge => charges.Add(charge.Token)), "a charge's token was applied twice");

            var sent = await shop.Shipments(order);
            Expect(sent.Count(shipment => shipment.Status == "shipped") == (completed ? 1 : 0), $"shipments: {string.Join(", ", (object[])sent)}");
            Expect(sent.All(shipment => shipments.Add(shipment.Token)), "a shipment's token was applied twice");

            var verification = await shop.Verify(order);
            Expect(verification.Intact, $"its history does not verify: {verification.Problem}");
            var history = await shop.History(order);
            var taken = Transitions(history).ToList();
            Expect(taken.Count > 0 && taken[^1].To == instance.State, $"its last transition is {taken.LastOrDefault()}");
            Expect(taken[0].From == "Received" && taken.Zip(taken.Skip(1)).All(pair => pair.First.To == pair.Second.From), $"its transitions do not follow each other: {string.Join(", ", taken)}");
            foreach (var edge in taken) Expect(edges.Contains(edge), $"the transition {edge} is not declared");
            var undone = history.Where(e => e.Type == "undo.succeeded").Select(e => e.Data.GetProperty("ordinal").GetInt32()).ToList();
            Expect(undone.Zip(undone.Skip(1)).All(pair => pair.First > pair.Second), $"undone in the order {string.Join(", ", undone)}");

            var (breaches, pages) = (history.Count(e => e.Type == Breach), (await shop.Pages(order)).Where(page => page.Code == Breach).ToList());
            Expect(breaches == pages.Count && pages.Select(page => page.Key).Distinct().Count() == pages.Count, $"{breaches} breach(es), and {pages.Count} page(s): {string.Join(", ", pages)}");

            if (completed) Count(shipped, order);
            if (instance.State == TestOrder.Gate) Count(reserved, order);
        }

        if (await shop.Instances() != orders.Count) wrong.Add($"{await shop.Instances()} instances were made of {orders.Count} orders");
        foreach (var (sku, start) in new Inventory.InventorySettings().Seed().Where(stock => stock.Key != Inventory.InventorySettings.PoisonSku))
        {
            var stock = await shop.Stock(sku);
            var expected = new WireStock(sku, start - reserved.GetValueOrDefault(sku) - shipped.GetValueOrDefault(sku), reserved.GetValueOrDefault(sku), shipped.GetValueOrDefault(sku));
            if (stock != expected) wrong.Add($"{stock} should be {expected}");
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} thing(s) do not agree:\n{string.Join('\n', wrong)}\n--- the shop said:\n{shop.Said}");
    }

    private static IEnumerable<(string From, string To)> Transitions(IReadOnlyList<WireEvent> history) =>
        history.Where(e => e.Data.TryGetProperty("from", out _) && e.Data.TryGetProperty("to", out _)).Select(e => (e.Data.GetProperty("from").GetString()!, e.Data.GetProperty("to").GetString()!));

    private static void Count(Dictionary<string, long> counts, TestOrder order)
    {
        foreach (var item in order.Order.Items()) counts[item.Sku] = counts.GetValueOrDefault(item.Sku) + item.Quantity;
    }
}
