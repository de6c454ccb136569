using Shop.Inventory;

namespace Shop.Tests.Ledgers;

public sealed class InventoryLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private InventoryLedger _ledger;

    public InventoryLedgerTests() => _ledger = Open();

    [Fact]
    public void A_new_warehouse_has_what_the_catalogue_says()
    {
        for (var n = 1; n <= 9; n++) Assert.Equal(new Stock($"SKU-{n}", 1_000_000, 0, 0), _ledger.Find($"SKU-{n}"));
        Assert.Equal(new Stock("SKU-SCARCE", 10, 0, 0), _ledger.Find("SKU-SCARCE"));
        Assert.Equal(new Stock("SKU-NONE", 0, 0, 0), _ledger.Find("SKU-NONE"));
        Assert.Null(_ledger.Find("SKU-10"));
    }

    [Fact]
    public async Task A_token_reserves_once_however_often_it_comes()
    {
        for (var i = 0; i < 3; i++) Assert.True((await _ledger.Reserve("t", "o", [new("SKU-1", 5), new("SKU-2", 1)])).Done);

        Assert.Equal(new Stock("SKU-1", 999_995, 5, 0), _ledger.Find("SKU-1"));
        Assert.Equal(new Stock("SKU-2", 999_999, 1, 0), _ledger.Find("SKU-2"));
    }

    [Fact]
    public async Task A_reservation_is_all_or_nothing_and_its_refusal_is_remembered()
    {
        Assert.Equal("out-of-stock", (await _ledger.Reserve("t", "o", [new("SKU-1", 5), new("SKU-SCARCE", 11)])).Refusal);
        Assert.Equal(new Stock("SKU-1", 1_000_000, 0, 0), _ledger.Find("SKU-1"));

        Assert.Equal("out-of-stock", (await _ledger.Reserve("t", "o", [new("SKU-1", 5)])).Refusal);
        Assert.Equal("unknown-sku", (await _ledger.Reserve("u", "o", [new("SKU-77", 1)])).Refusal);
    }

    [Fact]
    public async Task A_release_puts_back_once()
    {
        await _ledger.Reserve("t", "o", [new("SKU-1", 5)]);
        for (var i = 0; i < 3; i++) Assert.True((await _ledger.Release("t", "o")).Done);

        Assert.Equal(new Stock("SKU-1", 1_000_000, 0, 0), _ledger.Find("SKU-1"));
    }

    [Fact]
    public async Task A_reservation_that_comes_after_its_release_stays_refused()
    {
        await _ledger.Release("t", "o");

        Assert.Equal("released-before", (await _ledger.Reserve("t", "o", [new("SKU-1", 5)])).Refusal);
        Assert.Equal(new Stock("SKU-1", 1_000_000, 0, 0), _ledger.Find("SKU-1"));
    }

    [Fact]
    public async Task A_handover_moves_from_reserved_to_shipped_and_back()
    {
        await _ledger.Reserve("t", "o", [new("SKU-1", 5)]);
        for (var i = 0; i < 2; i++) Assert.True((await _ledger.HandOver("h", "t")).Done);
        Assert.Equal(new Stock("SKU-1", 999_995, 0, 5), _ledger.Find("SKU-1"));

        for (var i = 0; i < 2; i++) Assert.True((await _ledger.TakeBack("h", "t")).Done);
        Assert.Equal(new Stock("SKU-1", 999_995, 5, 0), _ledger.Find("SKU-1"));

        await _ledger.TakeBack("late", "t");
        Assert.Equal("taken-back-before", (await _ledger.HandOver("late", "t")).Refusal);
    }

    [Fact]
    public async Task Work_that_fails_takes_nothing_of_the_same_commit_with_it()
    {
        var wrong = _ledger.HandOver("h", "no-such-hold");
        var right = Enumerable.Range(0, 50).Select(n => _ledger.Reserve($"t{n}", "o", [new("SKU-1", 1)])).ToList();

        await Assert.ThrowsAsync<InvalidOperationException>(() => wrong);
        Assert.All(await Task.WhenAll(right), reply => Assert.True(reply.Done));
        Assert.Equal(50, _ledger.Find("SKU-1")!.Reserved);
    }

    [Fact]
    public async Task The_books_outlive_the_program()
    {
        await _ledger.Reserve("t", "o", [new("SKU-1", 5)]);
        _ledger.Dispose();
        _ledger = Open();

        Assert.Equal(new Stock("SKU-1", 999_995, 5, 0), _ledger.Find("SKU-1"));
        Assert.True((await _ledger.Reserve("t", "o", [new("SKU-1", 5)])).Done);
        Assert.Equal(5, _ledger.Find("SKU-1")!.Reserved);
    }

    public void Dispose()
    {
        _ledger.Dispose();
        _folder.Dispose();
    }

    private InventoryLedger Open() => new(_folder.File("inventory.db"), new InventorySettings().Seed());
}
