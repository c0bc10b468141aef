import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/** Lets a test judge the tokens of SASL OAUTHBEARER: posts each to the URL in `signals.judge`, which answers 200 with `principal seconds`. */
public class AskTest implements AuthenticateCallbackHandler {
  private record Token(String value, String principalName, long lifetimeMs) implements OAuthBearerToken {
    public Set<String> scope() { return Set.of(); }
    public Long startTimeMs() { return null; }
  }

  public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {}

  public void close() {}

  public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
    for (Callback callback : callbacks) {
      if (callback instanceof OAuthBearerValidatorCallback validating) judge(validating);
      else throw new UnsupportedCallbackException(callback);
    }
  }

  private void judge(OAuthBearerValidatorCallback validating) throws IOException {
    String token = validating.tokenValue();
    HttpRequest request = HttpRequest.newBuilder(URI.create(System.getProperty("signals.judge")))
        .POST(HttpRequest.BodyPublishers.ofString(token)).build();
    try {
      HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        validating.error("invalid_token", null, null);
        return;
      }
      String[] parts = answer.body().split(" ");
      validating.token(new Token(token, parts[0], System.currentTimeMillis() + Long.parseLong(parts[1]) * 1000));
    } catch (InterruptedException interrupted) {
      throw new IOException(interrupted);
    }
  }
}
