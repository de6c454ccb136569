using System.Text.Json;

namespace Shop.Tests.Processes;

/// <summary>What each kind of order comes to while nobody is killed, and the names on the wire to the letter.</summary>
public sealed class EveryKindOfOrder
{
    /// <summary>Card, country, article; the end, why, and how often the charge was tried.</summary>
    private sealed record Kind(string Name, string End, string? Reason, int Tries, string Card = "4242424242424242", string Country = "DE", string Sku = "SKU-1", decimal Price = 10m, decimal Off = 0, int Quantity = 1)
    {
        public TestOrder Order { get; } = TestOrder.Of(Name, Card, Country, Sku, Quantity, Price, Off, End);
    }

    private static readonly Kind[] Kinds =
    [
        new("approved", TestOrder.Completed, null, 1),
        new("declined", TestOrder.Revoked, "declined", 1, "4000000000000002"),
        new("insufficient", TestOrder.Revoked, "insufficient-funds", 1, "4000000000009995"),
        new("fraudulent", TestOrder.Revoked, "fraudulent", 1, "4100000000000019"),
        new("fails-twice", TestOrder.Completed, null, 3, "4000000000000119"),
        new("hangs-up", TestOrder.Completed, null, 2, "4000000000000341"),
        new("slow", TestOrder.Completed, null, 1, "4000000000000259"),
        new("never", TestOrder.Revoked, "step.timeout", 3, "4000000000000408"),
        new("nowhere", TestOrder.Revoked, "shipment-refused", 1, Country: "ZZ"),
        new("nothing-left", TestOrder.Rejected, "out-of-stock", 0, Sku: "SKU-NONE"),
        new("mismatch", TestOrder.Rejected, "total-mismatch", 0, Off: 0.01m),
        new("at-the-threshold", TestOrder.Completed, null, 1, Price: 9_997.50m),
        new("above-it", TestOrder.Gate, null, 0, Price: 9_997.51m),
    ];

    [Fact(Timeout = 60_000)]
    public async Task Ends_as_its_card_its_country_and_its_article_say()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken, "--Merchant:Attempts=3");
        foreach (var kind in Kinds) await shop.Place(kind.Order);
        List<string> wrong = [];
        foreach (var kind in Kinds)
        {
            await shop.Settled(kind.Order);
            var instance = await shop.Get<JsonElement>($"/api/instances/{kind.Order.Instance}");
            var charge = instance.GetProperty("steps").EnumerateArray().SingleOrDefault(step => step.GetProperty("name").GetString() == "capture-charge");
            var found = (instance.GetProperty("state").GetString(),
                instance.TryGetProperty("data", out var data) && data.TryGetProperty("reason", out var reason) ? reason.GetString() : null,
                charge.ValueKind == JsonValueKind.Object ? charge.GetProperty("attempts").GetInt32() : 0);
            if (found != (kind.End, kind.Reason, kind.Tries)) wrong.Add($"{kind.Name}: {found} instead of {(kind.End, kind.Reason, kind.Tries)}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        await Audit.Agrees(shop, [.. Kinds.Select(kind => kind.Order)]);

        // The first takes 7 of the 10, and leaves too few for the second.
        var (enough, tooFew) = (TestOrder.Of("scarce-1", sku: "SKU-SCARCE", quantity: 7, ends: TestOrder.Completed), TestOrder.Of("scarce-2", sku: "SKU-SCARCE", quantity: 7, ends: TestOrder.Rejected));
        foreach (var order in new[] { enough, tooFew })
        {
            await shop.Place(order);
            await shop.Settled(order);
        }
        await Audit.Agrees(shop, [.. Kinds.Select(kind => kind.Order), enough, tooFew]);

        Assert.Equal("""{"sku":"SKU-SCARCE","onHand":3,"reserved":0,"shipped":7}""", await shop.Text("/inventory/SKU-SCARCE"));
        Assert.Equal("""{"sku":"SKU-NONE","onHand":0,"reserved":0,"shipped":0}""", await shop.Text("/inventory/SKU-NONE"));
        Assert.Matches("""^\[\{"id":"[^"]+","amount":12\.50,"status":"captured","token":"[^"]+"\}\]$""", await shop.Text("/merchant/charges?orderId=approved"));
        Assert.Matches("""^\[\{"id":"[^"]+","amount":12\.50,"status":"refunded","token":"[^"]+"\}\]$""", await shop.Text("/merchant/charges?orderId=nowhere"));
        Assert.Matches("""^\[\{"id":"[^"]+","status":"shipped","token":"[^"]+"\}\]$""", await shop.Text("/carrier/shipments?orderId=approved"));
        foreach (var path in (string[])["/merchant/charges?orderId=declined", "/carrier/shipments?orderId=nowhere", "/carrier/shipments?orderId=unheard-of"]) Assert.Equal("[]", await shop.Text(path));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/merchant/charges", 400, "query.malformed")]
    [InlineData("/merchant/refusals", 400, "query.malformed")]
    [InlineData("/carrier/shipments", 400, "query.malformed")]
    [InlineData("/inventory/SKU-10", 404, "inventory.unknown-sku")]
    public async Task An_audit_that_asks_for_nothing_is_told_so(string path, int status, string code)
    {
        var stop = TestContext.Current.CancellationToken;
        await using var shop = await ShopWithoutEngine.Open();
        using var response = await shop.Http.GetAsync(path, stop);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync(stop));
        Assert.Equal((status, "application/problem+json", code), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, problem.GetProperty("code").GetString()));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_order_may_come_by_the_api_too_and_is_the_same_order_then()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var shop = await RunningShop.Open(stop);
        var order = TestOrder.Of("by-api", ends: TestOrder.Completed);
        using var http = new HttpClient { BaseAddress = shop.Process.Address };
        using var started = new HttpRequestMessage(HttpMethod.Post, "/api/workflows/order-fulfillment/instances") { Content = new ByteArrayContent(order.Body) };
        started.Content.Headers.ContentType = new("application/json");
        started.Headers.Add("Idempotency-Key", "k-1");
        using var answer = await http.SendAsync(started, stop);
        Assert.Equal(201, (int)answer.StatusCode);
        order.Instance = answer.Headers.Location!.ToString()["/api/instances/".Length..];

        // By the front door it comes under another key: the order's id is taken. Under the same key it is the same order.
        using var taken = await http.SendAsync(Orders.SignedOrder.Request("k-2", order.Body, DateTimeOffset.UtcNow), stop);
        Assert.Equal((409, answer.Headers.Location), ((int)taken.StatusCode, taken.Headers.Location));
        using var repeated = await http.SendAsync(Orders.SignedOrder.Request("k-1", order.Body, DateTimeOffset.UtcNow), stop);
        Assert.Equal((202, answer.Headers.Location), ((int)repeated.StatusCode, repeated.Headers.Location));
        await shop.Settled(order);
        await Audit.Agrees(shop, [order]);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_document_says_how_an_order_is_sent()
    {
        await using var shop = await RunningShop.Open(TestContext.Current.CancellationToken);
        var orders = (await shop.Get<JsonElement>("/openapi/v1.json")).GetProperty("paths").GetProperty("/orders").GetProperty("post");
        Assert.Equal(["webhook-id", "webhook-timestamp", "webhook-signature"], orders.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()!));
        var order = orders.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties");
        Assert.Equal(["orderId", "customerId", "currency", "lines", "total", "card", "shipTo"], order.EnumerateObject().Select(property => property.Name));
        Assert.Equal("number", order.GetProperty("total").GetProperty("type").GetString());
        Assert.Equal(["202", "400", "401", "409", "413", "415", "422", "429", "503"], orders.GetProperty("responses").EnumerateObject().Select(response => response.Name).Order());
    }
}
