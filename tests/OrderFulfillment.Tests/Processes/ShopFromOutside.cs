using System.Net;
using System.Net.Http.Json;
using Shop.Tests.Orders;

namespace Shop.Tests.Processes;

/// <summary>A shop as customers and operators see it: by HTTP only.</summary>
public abstract class ShopFromOutside(TimeSpan patience, CancellationToken cancellation) : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = patience };

    /// <summary>Where it answers at this moment.</summary>
    protected abstract Uri Address { get; }

    /// <summary>The last that its processes wrote.</summary>
    public abstract string Said { get; }

    protected CancellationToken Cancellation => cancellation;

    /// <summary>Sends an order once: whether it was accepted.</summary>
    public async Task<bool> Accepts(TestOrder order)
    {
        using var request = SignedOrder.Request("msg-" + order.Id, order.Body, DateTimeOffset.UtcNow);
        request.RequestUri = new(Address, "/orders");
        try
        {
            using var response = await _http.SendAsync(request, Cancellation);
            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (Exception exception) when (NobodyAnswers(exception)) { return false; }
    }

    /// <summary>Sends an order until it is accepted, as a customer's system does that gets no answer: the same one, under the same id.</summary>
    public async Task Place(TestOrder order)
    {
        order.Instance = await Eventually.Holds<string?>(async () =>
        {
            try
            {
                using var request = SignedOrder.Request("msg-" + order.Id, order.Body, DateTimeOffset.UtcNow);
                request.RequestUri = new(Address, "/orders");
                using var response = await _http.SendAsync(request, Cancellation);
                if (response.StatusCode == HttpStatusCode.Accepted) return response.Headers.Location!.ToString()["/api/instances/".Length..];
                Assert.True(response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(Cancellation)}");
                return null;
            }
            catch (Exception exception) when (NobodyAnswers(exception)) { return null; }
        }, id => id is not null, Cancellation, TimeSpan.FromSeconds(90));
    }

    public async Task<T> Get<T>(string path) => await _http.GetFromJsonAsync<T>(new Uri(Address, path), Cancellation) ?? throw new InvalidOperationException($"{path} is null.");

    /// <summary>What is at the path, to the letter.</summary>
    public Task<string> Text(string path) => _http.GetStringAsync(new Uri(Address, path), Cancellation);

    public Task<WireInstance> Instance(TestOrder order) => Get<WireInstance>($"/api/instances/{order.Instance}");
    public Task<WireVerification> Verify(TestOrder order) => Get<WireVerification>($"/api/instances/{order.Instance}/verify");

    public async Task<IReadOnlyList<WireEvent>> History(TestOrder order)
    {
        var history = await Get<WireHistory>($"/api/instances/{order.Instance}/history?limit=1000");
        Assert.Null(history.Next);
        return history.Events;
    }

    /// <summary>How many instances there are, in whatever state.</summary>
    public async Task<long> Instances() => (await Get<System.Text.Json.JsonElement>("/api/workflows")).GetProperty("workflows").EnumerateArray()
        .SelectMany(workflow => workflow.GetProperty("counts").EnumerateArray()).Sum(count => count.GetProperty("count").GetInt64());

    public async Task<IReadOnlyList<WirePage>> Pages(TestOrder order) => (await Get<WirePages>($"/api/pages?instance={order.Instance}")).Pages;
    public Task<WireCharge[]> Charges(TestOrder order) => Get<WireCharge[]>($"/merchant/charges?orderId={order.Id}");
    public Task<WireShipment[]> Shipments(TestOrder order) => Get<WireShipment[]>($"/carrier/shipments?orderId={order.Id}");
    public Task<WireStock> Stock(string sku) => Get<WireStock>($"/inventory/{sku}");
    public Task<WireMap> Map() => Get<WireMap>("/api/workflows/order-fulfillment/versions/1");

    /// <summary>Waits until the instance looks as described.</summary>
    public Task<WireInstance> Until(TestOrder order, Func<WireInstance, bool> looks, TimeSpan? within = null) =>
        Eventually.Holds(() => Instance(order), looks, Cancellation, within ?? TimeSpan.FromSeconds(30));

    /// <summary>Waits until the instance has ended or waits for a person.</summary>
    public Task<WireInstance> Settled(TestOrder order, TimeSpan? within = null) => Until(order, HasSettled, within);

    public static bool HasSettled(WireInstance instance) => instance.Status is "ended" or "incident" || instance.Phase is "gate";

    /// <summary>Decides at the order's gate.</summary>
    public async Task Decide(TestOrder order, bool approved, string by)
    {
        var gate = (await Instance(order)).Gate!;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, $"/api/gates/{gate.Id}/decision")) { Content = JsonContent.Create(new { approved, why = "tested" }) };
        request.Headers.Add("X-Perdure-User", by);
        using var response = await _http.SendAsync(request, Cancellation);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Sends an empty command to an instance.</summary>
    public async Task Command(TestOrder order, string command)
    {
        using var response = await _http.PostAsync(new Uri(Address, $"/api/instances/{order.Instance}/{command}"), null, Cancellation);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    public virtual ValueTask DisposeAsync()
    {
        _http.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private bool NobodyAnswers(Exception exception) => exception is HttpRequestException || (exception is TaskCanceledException && !cancellation.IsCancellationRequested);
}
