using System.Text.Json.Serialization;
using Shop.Carrier;
using Shop.Inventory;
using Shop.Merchant;
using Shop.Orders;
using Shop.Page;

namespace Shop;

/// <summary>Everything of the shop but the engine: settings, downstream services, endpoints.</summary>
public static class ShopServices
{
    public static void AddShop(this IServiceCollection services, IConfiguration configuration, string data)
    {
        var inventory = Section<InventorySettings>("Inventory");
        var merchant = Section<MerchantSettings>("Merchant");
        var downstream = Elsewhere(configuration);
        services.AddSingleton(Section<OrderSettings>("Orders")).AddSingleton(merchant with { BaseUrl = merchant.BaseUrl ?? downstream }).AddSingleton(inventory);
        services.AddSingleton(TimeProvider.System);
        // Numbers are numbers, here as in the engine's own API.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);

        // The inventory, the merchant and the carrier are other companies': one process plays them, this one unless another is named.
        if (downstream is not null)
        {
            services.AddSingleton<IInventory>(of => new InventoryClient(of.GetRequiredService<HttpClient>(), downstream));
            services.AddSingleton<ICarrier>(of => new CarrierClient(of.GetRequiredService<HttpClient>(), downstream));
        }
        else
        {
            services.AddSingleton(_ => new InventoryLedger(Path.Combine(data, "inventory.db"), inventory.Seed())).AddSingleton<IInventory>(of => of.GetRequiredService<InventoryLedger>());
            services.AddSingleton(_ => new CarrierLedger(Path.Combine(data, "carrier.db"))).AddSingleton<ICarrier>(of => of.GetRequiredService<CarrierLedger>());
            services.AddSingleton(of => new MerchantBooks(Path.Combine(data, "merchant.db"), of.GetRequiredService<TimeProvider>()));
            services.AddSingleton<LateCharges>().AddHostedService(of => of.GetRequiredService<LateCharges>());
        }

        services.AddSingleton<OwnAddress>();
        services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan });
        services.AddSingleton<MerchantClient>();
        services.AddSingleton(of => new WebhookSignature(of.GetRequiredService<OrderSettings>().WebhookSecret, of.GetRequiredService<TimeProvider>()));

        T Section<T>(string name) where T : class, new() => configuration.GetSection(name).Get<T>() ?? new();
    }

    public static void MapShop(this IEndpointRouteBuilder app)
    {
        app.MapOrders();
        app.MapPage();
        if (Elsewhere(app.ServiceProvider.GetRequiredService<IConfiguration>()) is { } downstream)
        {
            app.MapElsewhere(downstream);
            return;
        }
        app.MapInventory();
        app.MapMerchant();
        app.MapCarrier();
    }

    private static Uri? Elsewhere(IConfiguration configuration) => configuration["downstream"] is { Length: > 0 } address
        ? Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri : throw new ArgumentException($"--downstream must be an address such as http://127.0.0.1:5000, not {address}.")
        : null;
}
