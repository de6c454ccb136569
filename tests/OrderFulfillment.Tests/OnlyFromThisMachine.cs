using System.Net;
using System.Net.Http.Json;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using Perdure;
using Perdure.Kernel;
using Shop.Merchant;
using Shop.Orders;
using Shop.Page;
using Shop.Tests.Orders;

namespace Shop.Tests;

/// <summary>What stands in for other companies' services, and the published secret, are for this machine: whatever a proxy on it passes on is from elsewhere.</summary>
public sealed class OnlyFromThisMachine
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Inside => new()
    {
        { "/merchant/charges", """{"orderId":"o","amount":1,"currency":"EUR","card":"4242424242424242"}""" },
        { "/merchant/refunds", """{"orderId":"o"}""" },
        { "/inventory/reserve", """{"subject":"o","items":[]}""" },
        { "/inventory/release", """{"subject":"o"}""" },
        { "/inventory/pack", """{"subject":"o"}""" },
        { "/inventory/unpack", """{"subject":"o"}""" },
        { "/inventory/hand-over", """{"subject":"o"}""" },
        { "/inventory/take-back", """{"subject":"o"}""" },
        { "/carrier/ship", """{"orderId":"o","country":"DE","parcels":1}""" },
        { "/carrier/recall", """{"orderId":"o"}""" },
        { "/sample/plain", "" },
    };

    [Theory, MemberData(nameof(Inside))]
    public async Task A_call_that_a_proxy_passes_on_is_refused(string path, string json)
    {
        var engine = new FakePerdure(request => new StartAnswer.Accepted(new(4711), request.Workflow, 1, request.Key, DateTimeOffset.UnixEpoch, true));
        await using var shop = await ShopWithoutEngine.Open(engine);
        foreach (var (mark, value) in ((string, string)[])[("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("Via", "1.1 proxy"), ("X-Real-IP", "127.0.0.1"), ("Host", "shop.example")])
        {
            using var marked = await shop.Http.SendAsync(Call(path, json, mark, value), Stop);
            var body = await marked.Content.ReadAsStringAsync(Stop);
            Assert.True(marked.StatusCode == HttpStatusCode.Forbidden, $"{mark}: {value} gives {(int)marked.StatusCode} {body}");
            Assert.Equal("access.loopback-only", JsonElement.Parse(body).GetProperty("code").GetString());
        }
        using var direct = await shop.Http.SendAsync(Call(path, json), Stop);
        Assert.NotEqual(HttpStatusCode.Forbidden, direct.StatusCode);
    }

    [Fact]
    public async Task The_published_secret_opens_nothing_to_what_a_proxy_passes_on()
    {
        var engine = new FakePerdure(_ => throw new InvalidOperationException());
        await using var shop = await ShopWithoutEngine.Open(engine);
        using var request = SignedOrder.Request("m-1", JsonSerializer.SerializeToUtf8Bytes(SampleOrder.All[0].Make("o-1"), JsonSerializerOptions.Web), DateTimeOffset.UtcNow);
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        using var response = await shop.Http.SendAsync(request, Stop);
        Assert.Equal((401, "webhook.development-secret"), ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(Stop)).GetProperty("code").GetString()));
        Assert.Empty(engine.Started);
    }

    [Fact]
    public async Task A_shop_that_listens_on_an_address_of_its_own_reaches_its_merchant_there()
    {
        var engine = new FakePerdure(request => new StartAnswer.Accepted(new(4711), request.Workflow, 1, request.Key, DateTimeOffset.UnixEpoch, true));
        await using var shop = await ShopWithoutEngine.Open(engine, ("urls", $"http://{OwnAddressOfThisMachine()}:0"));
        Assert.Equal("captured", (await shop.Get<MerchantClient>().Charge("t", new("o", 12.34m, "EUR", "4242424242424242"), Stop)).Status);
        using var placed = await shop.Http.PostAsync("/sample/plain", null, Stop);
        Assert.Equal(HttpStatusCode.Accepted, placed.StatusCode);
    }

    [Fact]
    public async Task On_an_address_of_its_own_too_a_proxy_or_another_name_is_from_elsewhere()
    {
        await using var shop = await ShopWithoutEngine.Open(null, ("urls", $"http://{OwnAddressOfThisMachine()}:0"));
        foreach (var (mark, value) in ((string, string)[])[("X-Forwarded-For", "127.0.0.1"), ("Host", "shop.example"), ("Host", "198.51.100.9")])
        {
            using var marked = await shop.Http.SendAsync(Call("/merchant/refunds", """{"orderId":"o"}""", mark, value), Stop);
            Assert.True(marked.StatusCode == HttpStatusCode.Forbidden, $"{mark}: {value} gives {(int)marked.StatusCode}");
        }
    }

    [Theory]
    [InlineData("http://*:5000", "http://127.0.0.1:5000/")]
    [InlineData("http://[::]:5000", "http://127.0.0.1:5000/")]
    [InlineData("http://0.0.0.0:5000", "http://127.0.0.1:5000/")]
    [InlineData("http://shop.example:5000", "http://127.0.0.1:5000/")]     // the server takes a name for every address
    [InlineData("http://localhost:5000", "http://localhost:5000/")]
    [InlineData("http://192.168.1.5:5000", "http://192.168.1.5:5000/")]
    [InlineData("http://[fd00::2]:5000", "http://[fd00::2]:5000/")]
    public void An_address_that_is_listened_on_can_be_called(string listens, string called) => Assert.Equal(called, OwnAddress.Local(listens).ToString());

    private static HttpRequestMessage Call(string path, string json, string? mark = null, string? value = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (json.Length > 0) request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        request.Headers.Add("Idempotency-Key", "t");
        if (mark is not null) request.Headers.TryAddWithoutValidation(mark, value);
        return request;
    }

    private static IPAddress OwnAddressOfThisMachine()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().Where(i => i.OperationalStatus == OperationalStatus.Up).SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address).FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));
        Assert.SkipWhen(own is null, "This machine has no address but loopback.");
        return own;
    }
}
