namespace Shop.Tests.Processes;

/// <summary>The inventory, the merchant and the carrier can be played by another process, as they have to where several processes are one shop.</summary>
public sealed class Elsewhere
{
    [Fact(Timeout = 60_000)]
    public async Task Orders_end_as_they_do_at_home_and_the_books_are_in_the_process_that_was_named()
    {
        await using var books = await RunningShop.Open(TestContext.Current.CancellationToken);
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--downstream", books.Process.Address.ToString());
        TestOrder[] orders =
        [
            TestOrder.Of("plain", ends: TestOrder.Completed), TestOrder.Of("nowhere", country: "ZZ", quantity: 7, ends: TestOrder.Revoked), TestOrder.Of("declined", "4000000000000002", ends: TestOrder.Revoked),
            TestOrder.Of("none", sku: "SKU-NONE", ends: TestOrder.Rejected), TestOrder.Of("large", price: 20_000m, ends: TestOrder.Gate), TestOrder.Of("hangs-up", "4000000000000341", ends: TestOrder.Completed),
        ];
        foreach (var order in orders) await shop.Place(order);
        foreach (var order in orders) await shop.Settled(order);
        // Whoever asks the shop for the books is sent on.
        await Audit.Agrees(shop, orders);
        Assert.Equal(await books.Text("/inventory/SKU-1"), await shop.Text("/inventory/SKU-1"));
        Assert.Single(await books.Charges(orders[0]));
        Assert.Equal(["perdure.db"], Directory.GetFiles(shop.Data, "*.db").Select(Path.GetFileName));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--store is sqlite, postgres or shards, not mysql.", "--store", "mysql")]
    [InlineData("--store postgres needs --connection", "--store", "postgres")]
    [InlineData("--downstream must be an address", "--downstream", "5000")]
    public async Task A_choice_that_cannot_be_is_told_at_once(string says, params string[] settings)
    {
        using var folder = new TemporaryFolder();
        await using var shop = await ShopProcess.Start(folder.Path, settings, TestContext.Current.CancellationToken, mayDie: true);
        Assert.Equal(1, await shop.Exited(TestContext.Current.CancellationToken));
        Assert.Contains(says, shop.Said, StringComparison.Ordinal);
    }
}
