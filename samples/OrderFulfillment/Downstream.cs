using System.Net.Sockets;
using Perdure;

namespace Shop;

/// <summary>Calls of services that other companies would run, under a token.</summary>
public static class Downstream
{
    /// <summary>The header with the token.</summary>
    public const string Key = "Idempotency-Key";

    /// <summary>Sends a request under a token.</summary>
    /// <exception cref="TransientFailure">Nobody listens: nothing happened. After any other exception it may have.</exception>
    public static async Task<HttpResponseMessage> PostUnder<T>(this HttpClient http, string token, Uri address, T body, string service, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = JsonContent.Create(body) };
        request.Headers.Add(Key, token);
        try
        {
            return await http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            throw new TransientFailure($"{service}-unreachable", $"The {service} does not listen. Nothing was sent.", exception);
        }
    }

    /// <summary>Sends a request under a token, and reads what is answered.</summary>
    public static async Task<TAnswer> Ask<T, TAnswer>(this HttpClient http, string token, Uri address, T body, string service, CancellationToken cancellation) where TAnswer : class
    {
        using var response = await http.PostUnder(token, address, body, service, cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<TAnswer>(cancellation) ?? throw new UnknownOutcome($"{service}-error", $"The {service} answered nothing.");
    }

    /// <summary>Sends people who look at the books on to the process that has them.</summary>
    public static void MapElsewhere(this IEndpointRouteBuilder app, Uri downstream)
    {
        foreach (var books in (string[])["inventory", "merchant", "carrier"])
            app.MapGet($"/{books}/{{**rest}}", (HttpRequest request) => Results.Redirect(new Uri(downstream, request.Path + request.QueryString).ToString(), preserveMethod: true)).ExcludeFromDescription();
    }
}
