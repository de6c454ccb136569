using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Perdure;
using Perdure.Kernel;
using Shop.Orders;
using Shop.Page;

namespace Shop.Tests.Orders;

/// <summary>What the front door says: nothing gets to the engine that does not belong there.</summary>
public sealed class OrdersEndpointTests
{
    private static readonly byte[] Order = JsonSerializer.SerializeToUtf8Bytes(SampleOrder.All[0].Make("o-1"), JsonSerializerOptions.Web);
    private static readonly InstanceId Instance = new(4711);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_genuine_order_starts_an_instance_with_the_body_as_it_came()
    {
        var engine = new FakePerdure(request => new StartAnswer.Accepted(Instance, request.Workflow, 1, request.Key, DateTimeOffset.UnixEpoch, true));
        await using var shop = await ShopWithoutEngine.Open(engine);
        using var response = await Send(shop, Order);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/instances/{Instance}", response.Headers.Location?.ToString());
        var started = Assert.Single(engine.Started);
        Assert.Equal(("order-fulfillment", "m-1"), (started.Workflow, started.Key));
        Assert.Equal(Order, started.Input.ToArray());
    }

    public static TheoryData<StartAnswer, int, string, bool> Answers => new()
    {
        { new StartAnswer.KeyReused(Instance), 422, "key.reused", true },
        { new StartAnswer.BusinessKeyTaken(Instance, "o-1"), 409, "business-key.taken", true },
        { new StartAnswer.Invalid([new("$", "No.")]), 400, "input.invalid", false },
        { new StartAnswer.Overloaded(TimeSpan.FromSeconds(1.2)), 429, "engine.overloaded", false },
        { new StartAnswer.Unavailable("store.full", "Full.", TimeSpan.FromSeconds(1.2)), 503, "store.full", false },
    };

    [Theory, MemberData(nameof(Answers), DisableDiscoveryEnumeration = true)]
    public async Task What_the_engine_refuses_is_a_problem(StartAnswer answer, int status, string code, bool located)
    {
        await using var shop = await ShopWithoutEngine.Open(new FakePerdure(_ => answer));
        using var response = await Send(shop, Order);

        Assert.Equal((status, code), ((int)response.StatusCode, await Code(response)));
        Assert.Equal(located ? $"/api/instances/{Instance}" : null, response.Headers.Location?.ToString());
        Assert.Equal(status is 429 or 503 ? "2" : null, response.Headers.RetryAfter?.ToString());
    }

    [Theory]
    [InlineData("{}", "application/json", 400, "input.invalid")]
    [InlineData("{", "application/json", 400, "input.invalid")]
    [InlineData("{}", "text/plain", 415, "body.content-type")]
    [InlineData("{}", "application/json; charset=utf-16", 415, "body.content-type")]
    public async Task What_is_no_order_is_refused_at_the_edge(string body, string type, int status, string code)
    {
        var engine = new FakePerdure(_ => throw new InvalidOperationException());
        await using var shop = await ShopWithoutEngine.Open(engine);
        using var response = await Send(shop, Encoding.UTF8.GetBytes(body), type);

        Assert.Equal((status, code), ((int)response.StatusCode, await Code(response)));
        Assert.Empty(engine.Started);
    }

    [Theory]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"orderId":"o-1","\udc00rder":1}""")]
    [InlineData("""{"shipTo":{"\ud800":1,"name":"Ada"}}""")]
    [InlineData("""{"lines":[{"sku":"SKU-1","\ud83dx":1}]}""")]
    public async Task Half_a_character_in_a_name_is_a_fault_of_the_order_and_not_of_the_shop(string body)
    {
        var engine = new FakePerdure(_ => throw new InvalidOperationException());
        await using var shop = await ShopWithoutEngine.Open(engine);
        using var response = await Send(shop, Encoding.UTF8.GetBytes(body));

        Assert.Equal(400, (int)response.StatusCode);
        var problem = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(Stop));
        Assert.Equal("input.invalid", problem.GetProperty("code").GetString());
        var fault = Assert.Single(problem.GetProperty("faults").EnumerateArray());
        Assert.Equal("$", fault.GetProperty("path").GetString());
        Assert.Contains("half of a character", fault.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(engine.Started);
    }

    [Fact]
    public async Task What_is_too_large_is_refused_before_it_is_read()
    {
        await using var shop = await ShopWithoutEngine.Open();
        using var response = await Send(shop, new byte[70_000]);
        Assert.Equal((413, "body.too-large"), ((int)response.StatusCode, await Code(response)));
    }

    [Fact]
    public async Task A_bad_signature_and_a_stale_one_are_told_apart()
    {
        await using var shop = await ShopWithoutEngine.Open();
        using var bad = await Send(shop, Order, tamper: request => Set(request, WebhookSignature.IdHeader, "m-2"));
        using var stale = await Send(shop, Order, age: TimeSpan.FromMinutes(6));
        using var unsigned = await Send(shop, Order, tamper: request => request.Headers.Remove(WebhookSignature.SignatureHeader));

        Assert.Equal((401, "webhook.signature-invalid"), ((int)bad.StatusCode, await Code(bad)));
        Assert.Equal((401, "webhook.timestamp-stale"), ((int)stale.StatusCode, await Code(stale)));
        Assert.Equal((401, "webhook.signature-missing"), ((int)unsigned.StatusCode, await Code(unsigned)));
    }

    [Fact]
    public async Task A_key_that_does_not_fit_is_named_as_it_came()
    {
        await using var shop = await ShopWithoutEngine.Open(new FakePerdure(_ => new StartAnswer.Invalid([new("Idempotency-Key", "Too long."), new("$", "No.")])));
        using var response = await Send(shop, Order);
        var faults = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(Stop)).GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("path").GetString());
        Assert.Equal(["webhook-id", "$"], faults);
    }

    [Fact]
    public async Task Sample_orders_come_through_the_front_door()
    {
        var engine = new FakePerdure(request => new StartAnswer.Accepted(Instance, request.Workflow, 1, request.Key, DateTimeOffset.UnixEpoch, true));
        await using var shop = await ShopWithoutEngine.Open(engine);
        foreach (var sample in SampleOrder.All)
        {
            using var response = await shop.Http.PostAsync($"/sample/{sample.Kind}", null, Stop);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }
        Assert.Equal(SampleOrder.All.Count, engine.Started.Count);
        using var unknown = await shop.Http.PostAsync("/sample/nonsense", null, Stop);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private static async Task<HttpResponseMessage> Send(ShopWithoutEngine shop, byte[] body, string type = "application/json", TimeSpan age = default, Action<HttpRequestMessage>? tamper = null)
    {
        using var request = SignedOrder.Request("m-1", body, DateTimeOffset.UtcNow - age, type);
        tamper?.Invoke(request);
        return await shop.Http.SendAsync(request, Stop);
    }

    private static void Set(HttpRequestMessage request, string header, string value)
    {
        request.Headers.Remove(header);
        request.Headers.Add(header, value);
    }

    private static async Task<string?> Code(HttpResponseMessage response) => JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(Stop)).GetProperty("code").GetString();
}
