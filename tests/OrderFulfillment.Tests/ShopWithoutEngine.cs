using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Perdure;

namespace Shop.Tests;

/// <summary>The shop without an engine, listening for real on a port of its own.</summary>
public sealed class ShopWithoutEngine : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TemporaryFolder _folder;

    private ShopWithoutEngine(WebApplication app, TemporaryFolder folder) => (_app, _folder) = (app, folder);

    public HttpClient Http { get; } = new();
    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<ShopWithoutEngine> Open(IPerdure? perdure = null, params (string Name, string Value)[] settings)
    {
        var folder = new TemporaryFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(settings.FirstOrDefault(s => s.Name == "urls").Value ?? "http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)));
        builder.Services.AddShop(builder.Configuration, folder.Path);
        builder.Services.AddSingleton(perdure ?? new FakePerdure(_ => throw new NotSupportedException()));
        var app = builder.Build();
        app.MapShop();
        await app.StartAsync();
        var shop = new ShopWithoutEngine(app, folder);
        shop.Http.BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return shop;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
