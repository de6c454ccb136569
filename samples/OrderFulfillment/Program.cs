using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration.Memory;
using Perdure;
using Perdure.AspNetCore;
using Shop;
using Shop.Orders;

var builder = WebApplication.CreateBuilder(args);
// Quiet unless told otherwise; for one line of JSON each: --Logging:Console:FormatterName=json
builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new("Logging:LogLevel:Microsoft.AspNetCore", "Warning")] });
var data = Directory.CreateDirectory(builder.Configuration["data"] ?? "./data").FullName;
try
{
    // Stop together: what the engine has running still reaches the merchant, which is this very process.
    builder.Services.Configure<HostOptions>(host => (host.ServicesStopConcurrently, host.ShutdownTimeout) = (true, TimeSpan.FromSeconds(30)));
    builder.Services.AddShop(builder.Configuration, data);
    builder.Services.AddPerdure(perdure => perdure
        .Workflow<OrderFulfillment>()
        .UseChosenStore(builder.Configuration, data)
        .Configure(options =>
        {
            options.Limits = options.Limits with { Recoveries = builder.Configuration.GetValue("Perdure:Recoveries", options.Limits.Recoveries) };
            options.DrainWithin = builder.Configuration.GetValue("Perdure:DrainWithin", options.DrainWithin);
        }));
    builder.Services.AddPerdureHttp();

    var app = builder.Build();
    app.MapPerdure();
    app.MapShop();
    app.Services.GetRequiredService<WebhookSignature>();    // A secret that is none is found now, not with the first order.
    app.Run();
    return 0;
}
catch (Exception exception) when (exception is PerdureException or ArgumentException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
catch (IOException exception) when (exception.InnerException is AddressInUseException)
{
    Console.Error.WriteLine($"{exception.Message} End what listens there, or choose another address, as with --urls http://localhost:5001.");
    return 1;
}
