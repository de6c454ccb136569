using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Playwright;
using Shop.Tests;
using Shop.Tests.Processes;
using static Microsoft.Playwright.Assertions;

namespace Shop.Page.Tests;

/// <summary>The sample's page, as a person sees it: a browser, and the shop as a process of its own.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const string Completed = "COMPLETED", Rejected = "REJECTED", Revoked = "TRANSACTION_REVOKED", Waits = "Approval";

    private static readonly Dictionary<string, string> Ends = new()
    {
        ["plain"] = Completed, ["approval"] = Waits, ["declined"] = Revoked, ["insufficient-funds"] = Revoked, ["fraudulent"] = Revoked, ["fails-twice"] = Completed, ["hangs-up"] = Completed,
        ["slow"] = Completed, ["never"] = Revoked, ["refused-shipment"] = Revoked, ["scarce"] = Completed, ["out-of-stock"] = Rejected, ["mismatch"] = Rejected,
    };

    private readonly TemporaryFolder _data = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task An_order_of_each_kind_is_placed_and_followed_and_the_one_that_waits_is_decided()
    {
        await using var shop = await Open();
        await using var visitor = await browser.Comes();
        await visitor.Page.GotoAsync(shop.Address.ToString());
        await Expect(visitor.Live).ToHaveTextAsync("live");
        foreach (var state in (string[])["Received", "Inventory_Locked", Waits, "Charged", Completed, Rejected, Revoked]) await Expect(visitor.Count(state)).ToHaveTextAsync("0");
        await Expect(visitor.Page.Locator("#latest")).ToHaveTextAsync("No order yet.");
        await Expect(visitor.Page.Locator("#gates")).ToHaveTextAsync("Nobody waits.");
        await Expect(visitor.Page.Locator("#access")).ToBeHiddenAsync();
        Assert.Equal(Ends.Keys.Order(), SampleOrder.All.Select(sample => sample.Kind).Order());

        foreach (var sample in SampleOrder.All)
        {
            await visitor.Button(sample.Says).ClickAsync();
            await Expect(visitor.Said).ToContainTextAsync($"Placed {sample.Kind}-");
        }

        foreach (var end in Ends.Values.Distinct()) await Expect(visitor.Count(end)).ToHaveTextAsync(Text(Ends.Values.Count(e => e == end)));
        foreach (var (kind, end) in Ends) await Expect(visitor.Page.Locator("#latest tr").Filter(new() { HasText = kind + "-" })).ToContainTextAsync(end);
        var waiting = visitor.Page.Locator("#gates tr");
        await Expect(waiting).ToHaveCountAsync(1);
        await Expect(waiting).ToContainTextAsync("approval-");
        await visitor.Photograph("each-kind");

        await waiting.GetByText("Approve").ClickAsync();
        await Expect(visitor.Said).ToContainTextAsync(": approved.");
        await Expect(visitor.Count(Waits)).ToHaveTextAsync("0");
        await Expect(visitor.Count(Completed)).ToHaveTextAsync(Text(1 + Ends.Values.Count(e => e == Completed)));
        await Expect(visitor.Page.Locator("#gates")).ToHaveTextAsync("Nobody waits.");
        Assert.Empty(visitor.Errors);
        Assert.Equal(["127.0.0.1"], visitor.Hosts);
    }

    [Fact]
    public async Task What_others_order_is_shown_without_a_touch()
    {
        await using var shop = await Open();
        await using var visitor = await browser.Comes();
        await visitor.Page.GotoAsync(shop.Address.ToString());
        await Expect(visitor.Live).ToHaveTextAsync("live");
        await Expect(visitor.Count(Completed)).ToHaveTextAsync("0");

        await Order(shop);
        await Expect(visitor.Count(Completed)).ToHaveTextAsync("1");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task A_killed_shop_is_said_to_be_away_and_is_live_again_after_its_start()
    {
        var urls = $"--urls=http://127.0.0.1:{FreePort()}";
        await using var visitor = await browser.Comes();
        await using (var shop = await Open(urls))
        {
            await visitor.Page.GotoAsync(shop.Address.ToString());
            await Order(shop);
            await Expect(visitor.Count(Completed)).ToHaveTextAsync("1");
            await shop.Kill();
        }
        await Expect(visitor.Live).ToContainTextAsync("does not answer");
        await visitor.Button(SampleOrder.All[0].Says).ClickAsync();
        await Expect(visitor.Said).ToContainTextAsync("does not answer");

        await using var again = await Open(urls);
        await Expect(visitor.Live).ToHaveTextAsync("live");
        await visitor.Button(SampleOrder.All[0].Says).ClickAsync();
        await Expect(visitor.Count(Completed)).ToHaveTextAsync("2");
    }

    [Fact]
    public async Task Where_keys_are_configured_the_page_asks_for_one_and_says_what_it_lacks()
    {
        await using var shop = await Open([.. Key(0, "ada", "all-of-it", "operator", "risk-officer"), .. Key(1, "rob", "may-look", "reader")]);
        await using var visitor = await browser.Comes();
        await visitor.Page.GotoAsync(shop.Address.ToString());
        var (asked, lacks) = (visitor.Page.GetByLabel("API key"), visitor.Page.Locator("#lacks"));
        await Expect(asked).ToBeVisibleAsync();
        await Expect(lacks).ToContainTextAsync("An API key is missing");
        await Expect(visitor.Live).Not.ToHaveTextAsync("live");
        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Orders by state" })).ToBeHiddenAsync();
        await visitor.Photograph("key-missing");

        await Give("not-it");
        await Expect(lacks).ToContainTextAsync("does not know this key");
        await visitor.Photograph("key-unknown");

        await Give("may-look");
        await Expect(visitor.Live).ToHaveTextAsync("live");
        await Expect(visitor.Count(Completed)).ToHaveTextAsync("0");

        await Give("all-of-it");
        await Expect(visitor.Live).ToHaveTextAsync("live");
        await visitor.Button("Above the threshold: waits for approval").ClickAsync();
        await Expect(visitor.Count(Waits)).ToHaveTextAsync("1");
        await visitor.Page.Locator("#gates").GetByText("Refuse").ClickAsync();
        await Expect(visitor.Count(Revoked)).ToHaveTextAsync("1");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "history" }).ClickAsync();
        await Expect(visitor.Page.Locator("#look-text")).ToContainTextAsync("\"ada\"");
        await Expect(visitor.Button("Close")).ToBeInViewportAsync(new() { Ratio = 1 });
        await visitor.Photograph("key-known");
        await visitor.Button("Close").ClickAsync();

        await visitor.Page.ReloadAsync();
        await Expect(visitor.Count(Revoked)).ToHaveTextAsync("1");
        await visitor.Button("Forget it").ClickAsync();
        await Expect(lacks).ToContainTextAsync("An API key is missing");
        // The browser notes each answer of 401 itself.
        Assert.All(visitor.Errors, error => Assert.Contains("status of 401", error, StringComparison.Ordinal));
        Assert.Equal(["127.0.0.1"], visitor.Hosts);

        async Task Give(string key)
        {
            await asked.FillAsync(key);
            await visitor.Button("Use this key").ClickAsync();
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Nothing_sticks_out_on_a_large_or_a_small_screen(ColorScheme scheme, int width)
    {
        await using var shop = await Open();
        await Order(shop);
        await Order(shop, "approval");
        await using var visitor = await browser.Comes(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 900 } });
        await visitor.Page.GotoAsync(shop.Address.ToString());
        await Expect(visitor.Count(Completed)).ToHaveTextAsync("1");
        await Expect(visitor.Count(Waits)).ToHaveTextAsync("1");
        await visitor.Photograph($"{scheme}-{width}");

        Assert.Equal(width, await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    private static readonly HttpClient Http = new();

    private static async Task Order(ShopProcess shop, string kind = "plain")
    {
        using var placed = await Http.PostAsync(new Uri(shop.Address, $"/sample/{kind}"), null, Stop);
        Assert.Equal(HttpStatusCode.Accepted, placed.StatusCode);
    }

    private Task<ShopProcess> Open(params string[] settings) => ShopProcess.Start(_data.Path, settings, Stop);

    private static IEnumerable<string> Key(int number, string name, string key, params string[] roles) =>
    [
        $"--Perdure:ApiKeys:{number}:name={name}", $"--Perdure:ApiKeys:{number}:hash=sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}",
        .. roles.Select((role, n) => $"--Perdure:ApiKeys:{number}:roles:{n}={role}"),
    ];

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
