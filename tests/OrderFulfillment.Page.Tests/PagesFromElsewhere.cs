using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Tests;
using Shop.Tests.Processes;

namespace Shop.Page.Tests;

/// <summary>A page of somebody else's that is open in the same browser changes nothing in the shop, though the shop would take the same from its own page without any key.</summary>
public sealed class PagesFromElsewhere(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private static readonly HttpClient Http = new();

    private readonly TemporaryFolder _data = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    public static TheoryData<string, string> Marks => new()
    {
        { "Sec-Fetch-Site", "cross-site" },
        { "Sec-Fetch-Site", "same-site" },      // another port of the same machine
        { "Origin", "https://elsewhere.example" },
        { "Origin", "null" },
    };

    [Theory, MemberData(nameof(Marks))]
    public async Task What_a_browser_marks_as_from_elsewhere_is_refused(string mark, string value)
    {
        await using var shop = await ShopProcess.Start(_data.Path, [], Stop);
        foreach (var path in (string[])["/sample/plain", "/orders", "/merchant/refunds"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Address, path));
            request.Headers.Add(mark, value);
            using var answer = await Http.SendAsync(request, Stop);
            Assert.Equal((HttpStatusCode.Forbidden, "origin.refused"), (answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(Stop)).GetProperty("code").GetString()));
        }
        Assert.Equal(0, await Orders(shop));
    }

    [Theory]
    [InlineData("localhost")]       // another site
    [InlineData("127.0.0.1")]       // the same site at another port
    public async Task A_page_from_elsewhere_places_no_order(string host)
    {
        await using var shop = await ShopProcess.Start(_data.Path, [], Stop);
        await using var elsewhere = await Elsewhere.Open();
        await using var visitor = await browser.Comes();
        await visitor.Page.GotoAsync($"http://{host}:{elsewhere.Port}/");
        var target = new Uri(shop.Address, "/sample/plain");

        // A request that browsers send without asking the server first, since the page may not read what is answered.
        Assert.Equal("opaque", await visitor.Page.EvaluateAsync<string>("target => fetch(target, { method: 'POST', mode: 'no-cors' }).then(answer => answer.type)", target.ToString()));
        // A form that sends itself.
        var answer = await visitor.Page.RunAndWaitForResponseAsync(() => visitor.Page.EvaluateAsync(
            "target => { const form = document.body.appendChild(document.createElement('form')); form.method = 'post'; form.action = target; form.submit(); }", target.ToString()), target.ToString());

        Assert.Equal(403, answer.Status);
        Assert.Equal(0, await Orders(shop));
    }

    private static async Task<long> Orders(ShopProcess shop) =>
        JsonElement.Parse(await Http.GetByteArrayAsync(new Uri(shop.Address, "/overview"), Stop)).GetProperty("counts").EnumerateArray().Sum(count => count.GetProperty("count").GetInt64());

    /// <summary>A web site of somebody else's, on a port of its own.</summary>
    private sealed class Elsewhere(WebApplication app) : IAsyncDisposable
    {
        public int Port => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

        public static async Task<Elsewhere> Open()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            app.MapGet("/", () => Results.Content("<!doctype html><title>Elsewhere</title><body>", "text/html"));
            await app.StartAsync(Stop);
            return new(app);
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }
}
