using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Perdure;
using Shop.Merchant;

namespace Shop.Tests.Merchant;

/// <summary>The merchant as the shop meets it: over HTTP.</summary>
public sealed class MerchantTests
{
    private const string Good = "4242424242424242";
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_charges_once_and_always_gets_the_first_answer()
    {
        await using var shop = await ShopWithoutEngine.Open();
        var first = await Capture(shop, "t", "o", Good);
        Assert.Equal(first, await Capture(shop, "t", "o", Good));
        Assert.Equal("captured", Assert.Single(await Charges(shop, "o")).Status);
        Assert.Equal(12.34m, first.Amount);
    }

    [Fact]
    public async Task A_token_of_another_charge_is_refused()
    {
        await using var shop = await ShopWithoutEngine.Open();
        await Capture(shop, "t", "o", Good);
        var failure = await Assert.ThrowsAsync<PermanentFailure>(() => Capture(shop, "t", "another", Good));
        Assert.Equal("key-reused", failure.Code);
    }

    [Theory]
    [InlineData("4000000000000002", "declined")]
    [InlineData("4000000000009995", "insufficient-funds")]
    [InlineData("4100000000000019", "fraudulent")]
    [InlineData("5555555555554444", "unknown-card")]
    public async Task A_refused_card_charges_nothing(string card, string code)
    {
        await using var shop = await ShopWithoutEngine.Open();
        for (var i = 0; i < 2; i++) Assert.Equal(code, (await Assert.ThrowsAsync<PermanentFailure>(() => Capture(shop, "t", "o", card))).Code);
        await shop.Get<MerchantClient>().Refund("t", "o", Stop);
        Assert.Empty(await Charges(shop, "o"));
    }

    [Fact]
    public async Task A_failure_belongs_to_its_token_and_two_of_them_to_the_order()
    {
        const string card = "4000000000000119";
        await using var shop = await ShopWithoutEngine.Open();
        // The same token says the same again: a crash between the answer and its record does not use the failures up.
        foreach (var token in new[] { "t1", "t1", "t2", "t2" })
        {
            var failure = await Assert.ThrowsAsync<TransientFailure>(() => Capture(shop, token, "o", card));
            Assert.Equal(("unavailable", true), (failure.Code, failure.Conclusive));
        }
        await Capture(shop, "t3", "o", card);
        await Assert.ThrowsAsync<TransientFailure>(() => Capture(shop, "t1", "o", card));
        Assert.Equal("t3", Assert.Single(await Charges(shop, "o")).Token);
    }

    [Fact]
    public async Task One_that_charges_and_hangs_up_leaves_one_charge()
    {
        const string card = "4000000000000341";
        await using var shop = await ShopWithoutEngine.Open();
        var unknown = await Assert.ThrowsAnyAsync<Exception>(() => Capture(shop, "t", "o", card));
        Assert.IsNotType<PermanentFailure>(unknown);
        Assert.IsNotType<TransientFailure>(unknown);
        await Capture(shop, "t", "o", card);
        Assert.Single(await Charges(shop, "o"));
    }

    [Fact]
    public async Task The_slow_one_takes_its_time_from_the_charge_on()
    {
        const string card = "4000000000000259";
        await using var shop = await ShopWithoutEngine.Open(null, ("Merchant:SlowMilliseconds", "400"));
        var since = TimeProvider.System.GetTimestamp();
        await Capture(shop, "t", "o", card);
        Assert.True(TimeProvider.System.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(390));
        since = TimeProvider.System.GetTimestamp();
        await Capture(shop, "t", "o", card);
        Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMilliseconds(300));
    }

    [Fact]
    public async Task A_charge_that_arrives_after_its_refund_was_asked_for_stays_refused()
    {
        const string card = "4000000000000408";
        await using var shop = await ShopWithoutEngine.Open();
        for (var i = 0; i < 2; i++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Capture(shop, "t", "o", card, patience.Token));
        }
        Assert.Empty(await shop.Http.GetFromJsonAsync<JsonElement[]>("/merchant/refusals?orderId=o", Stop) ?? []);

        await shop.Get<MerchantClient>().Refund("t", "o", Stop);

        var refusals = await Eventually.Holds(() => shop.Get<MerchantBooks>().Refusals("o"), found => found.Count > 0, Stop);
        Assert.Equal(("t", 12.34m), (Assert.Single(refusals).Token, refusals[0].Amount));
        Assert.Empty(await Charges(shop, "o"));
    }

    [Fact]
    public async Task A_refund_gives_back_once_and_a_later_charge_under_its_token_is_refused()
    {
        await using var shop = await ShopWithoutEngine.Open();
        await Capture(shop, "t", "o", Good);
        for (var i = 0; i < 2; i++) await shop.Get<MerchantClient>().Refund("t", "o", Stop);
        Assert.Equal("refunded", Assert.Single(await Charges(shop, "o")).Status);

        await shop.Get<MerchantClient>().Refund("unseen", "o", Stop);
        Assert.Equal("refunded-before", (await Assert.ThrowsAsync<PermanentFailure>(() => Capture(shop, "unseen", "o", Good))).Code);
        Assert.Single(await Charges(shop, "o"));
    }

    [Fact]
    public async Task Nothing_is_charged_without_a_key()
    {
        await using var shop = await ShopWithoutEngine.Open();
        using var response = await shop.Http.PostAsJsonAsync("/merchant/charges", new ChargeRequest("o", 1, "EUR", Good), Stop);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Nobody_there_means_nothing_happened()
    {
        await using var shop = await ShopWithoutEngine.Open();
        var client = new MerchantClient(shop.Http, shop.Get<OwnAddress>(), new() { BaseUrl = new("http://127.0.0.1:1/") });
        Assert.Equal("merchant-unreachable", (await Assert.ThrowsAsync<TransientFailure>(() => client.Charge("t", new("o", 1, "EUR", Good), Stop))).Code);
    }

    private static Task<ChargeAnswer> Capture(ShopWithoutEngine shop, string token, string order, string card, CancellationToken? stop = null) =>
        shop.Get<MerchantClient>().Charge(token, new(order, 12.34m, "EUR", card), stop ?? Stop);

    private static async Task<ChargeAnswer[]> Charges(ShopWithoutEngine shop, string order) =>
        await shop.Http.GetFromJsonAsync<ChargeAnswer[]>($"/merchant/charges?orderId={order}", Stop) ?? [];
}
