import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jgroups.JChannel;
import org.jgroups.Message;
import org.jgroups.ReceiverAdapter;
import org.jgroups.View;

/**
 * A member of a group: JGroupsMember STACK GROUP MEMBERS BYTES. Says 'ready' once all are in; on 'send' it sends as fast
 * as flow control lets it, on 'sample' it says how much it has delivered, own messages included.
 */
public class JGroupsMember extends ReceiverAdapter {
  private final AtomicLong messages = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final CountDownLatch complete = new CountDownLatch(1);
  private final int members;

  private JGroupsMember(int members) {
    this.members = members;
  }

  public static void main(String[] args) throws Exception {
    JGroupsMember member = new JGroupsMember(Integer.parseInt(args[2]));
    JChannel channel = new JChannel(args[0]);
    channel.setReceiver(member);
    channel.connect(args[1]);
    member.complete.await();
    System.out.println("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("sample")) System.out.println(member.sample());
      else member.send(channel, Integer.parseInt(args[3]));
    }
    // Who gave the commands has gone.
    Runtime.getRuntime().halt(0);
  }

  @Override
  public void receive(Message message) {
    messages.incrementAndGet();
    bytes.addAndGet(message.getLength());
  }

  @Override
  public void viewAccepted(View view) {
    if (view.size() >= members) complete.countDown();
  }

  private void send(JChannel channel, int size) {
    byte[] payload = new byte[size];
    Arrays.fill(payload, (byte) 1);
    Thread sender = new Thread(() -> {
      try {
        while (true) channel.send(null, null, payload);
      } catch (Exception error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
      }
    });
    sender.setDaemon(true);
    sender.start();
  }

  private String sample() {
    long now = System.nanoTime();
    return String.format(
        "{\"atMs\":%d.%06d,\"messages\":%d,\"bytes\":%d}",
        now / 1_000_000, now % 1_000_000, messages.get(), bytes.get());
  }
}
