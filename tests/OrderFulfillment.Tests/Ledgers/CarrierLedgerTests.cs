using Shop.Carrier;

namespace Shop.Tests.Ledgers;

public sealed class CarrierLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CarrierLedger _ledger;

    public CarrierLedgerTests() => _ledger = new(_folder.File("carrier.db"));

    [Fact]
    public async Task A_token_ships_once()
    {
        var first = await _ledger.Ship("t", "o", "DE", 2);
        Assert.Equal(first, await _ledger.Ship("t", "o", "DE", 2));
        Assert.Equal([first], _ledger.Shipments("o"));
        Assert.Equal("shipped", first.Status);
    }

    [Fact]
    public async Task Nowhere_is_refused_and_ships_nothing()
    {
        Assert.Equal("refused", (await _ledger.Ship("t", "o", "ZZ", 1)).Status);
        Assert.Equal("refused", (await _ledger.Recall("t", "o")).Status);
        Assert.Empty(_ledger.Shipments("o"));
    }

    [Fact]
    public async Task A_recalled_shipment_stays_recalled()
    {
        await _ledger.Ship("t", "o", "DE", 1);
        for (var i = 0; i < 2; i++) Assert.Equal("recalled", (await _ledger.Recall("t", "o")).Status);
        Assert.Equal("recalled", Assert.Single(_ledger.Shipments("o")).Status);
    }

    [Fact]
    public async Task A_shipment_that_comes_after_its_recall_stays_refused()
    {
        await _ledger.Recall("t", "o");
        Assert.Equal("void", (await _ledger.Ship("t", "o", "DE", 1)).Status);
        Assert.Empty(_ledger.Shipments("o"));
    }

    public void Dispose()
    {
        _ledger.Dispose();
        _folder.Dispose();
    }
}
