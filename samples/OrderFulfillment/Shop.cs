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
        services.AddSingleton(Section<OrderSettings>("Orders")).AddSingleton(Section<MerchantSettings>("Merchant")).AddSingleton(inventory);
        services.AddSingleton(TimeProvider.System);
        // Numbers are numbers, here as in the engine's own API.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);

        services.AddSingleton(_ => new InventoryLedger(Path.Combine(data, "inventory.db"), inventory.Seed()));
        services.AddSingleton(of => new MerchantBooks(Path.Combine(data, "merchant.db"), of.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new CarrierLedger(Path.Combine(data, "carrier.db")));

        services.AddSingleton<OwnAddress>();
        services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan });
        services.AddSingleton<MerchantClient>();
        services.AddSingleton<LateCharges>().AddHostedService(of => of.GetRequiredService<LateCharges>());
        services.AddSingleton(of => new WebhookSignature(of.GetRequiredService<OrderSettings>().WebhookSecret, of.GetRequiredService<TimeProvider>()));

        T Section<T>(string name) where T : class, new() => configuration.GetSection(name).Get<T>() ?? new();
    }

    public static void MapShop(this IEndpointRouteBuilder app)
    {
        app.MapOrders();
        app.MapInventory();
        app.MapMerchant();
        app.MapCarrier();
        app.MapPage();
    }
}
