"""Makes hard-texts.json and embeddings.safetensors: make-fixtures.py MODEL-FOLDER OUTPUT-FOLDER

Needs torch, transformers, tokenizers, peft and safetensors, on a developer's machine only.
"""
import json
import sys
import torch
from tokenizers import Tokenizer
import transformers, tokenizers, peft
from transformers import AutoModel
from safetensors.torch import save_file
M, F = sys.argv[1], sys.argv[2] + '/'
t=Tokenizer.from_file(M+'/tokenizer.json'); t.no_padding(); t.enable_truncation(256)
texts=['', ' \t\r\n ', 'a', 'Hello, World!', 'HELLO WORLD', 'route requests about travel bookings',
 'Match definitions of birds to their names.', "don't won't l'été O'Brien's", 'e-mail: a.b+c@example.com; see https://example.com/x?y=1&z=%20#top',
 'Café naïve façade Ångström', 'Cafe\u0301 nai\u0308ve A\u030angstro\u0308m', 'İstanbul ıssız ŞİŞLİ', 'ſtraße STRASSE ẞ ß', 'ΑΣ ΟΔΥΣΣΕΎΣ σς', 'Ｆｕｌｌｗｉｄｔｈ　ＡＢＣ１２３！', 'ﬁnance oﬀer ﬂow',
 '中文和日本語の混在テスト', '東京tokyo大阪', 'ひらがな が カタカナ ガ ｶﾞ', '한국어 텍스트 각', '\u1100\u1161\u11a8 \uac01', 'Привет, мир! Ёлка Йод', 'שָׁלוֹם עולם', 'السَّلامُ عَلَيْكُم', 'नमस्ते दुनिया क़ि', 'ภาษาไทยไม่มีช่องว่าง', 'Tiếng Việt có dấu', 'ქართული ᲥᲐᲠᲗᲣᲚᲘ',
 '😀 emoji 👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽', 'zero\u200bwidth\u200djoin\ufeff soft\u00adhyphen', 'nul\x00tab\tbell\x07esc\x1b[0m', 'nbsp\u00a0em\u2003ideo\u3000line\u2028para\u2029nel\u0085end', '\ufffd replacement \ufffdx', 'private \ue000\uf8ff use \U000f0000',
 'unassigned \u0378 \U000e0fff x', 'arabic end \u061d mark \u061e and \u061b', 'new punct \u2e52\u2e5d\U00010ed0 old \u2e40', '\u166d canadian \U000111c9 sharada', '\u1734 \u1885 \u1886 \ua9bd \U0001171e', '\u0340\u0341\u0343\u0344\u0374\u037e\u0387\u1fef\u212a\u212b\u2126', '\u0958\u09dc\u0a33\u0b5c\u0f43\u0ccb\u0ddd', '\U0001d15e\U0001d160\U0001d1bc notes \U0001d400 bold', 'a\u302e\u0301\u302f\U00016ff0\u1b44b', '\ufa10\uf900豈\U0002f800 \U0002b820\U0002b920 compat',
 'x'*100, 'x'*101, 'a\u0301'*100, 'a\u0301'*101, '\u302e'*150+' next', 'un'*60+'!'+'believable', '$5.00 €7,50 £3 ¥9 ₿1 50% ±2 3×4 ½ ²', '`^~<=>|+ «quoted» “curly” ‘single’ „low“ … — – ‐ ⁃', '[SEP]', 'a [MASK] b[CLS]c[PAD][UNK]', '[sep] [Mask] [ SEP ] [SEP [[SEP]] [unused5]', 'e[SEP]\u0301x [MASK]\u0301 u', '##ing ## # ing', 'snake_case camelCase kebab-case 3.14e-10 0xDEADBEEF v1.2.3-rc.4', 'supercalifragilisticexpialidocious antidisestablishmentarianism', 'qqqqzzzzxxxx \u16a0\u16a2\u16a6 \u13a0\uab70', 'ʼn ǆ ǅ Ǆ ŀ ⅓ ℡ ㎏ ①', 'The quick brown fox jumps over the lazy dog. '*40]
enc=t.encode_batch(texts)
rows=[{'text':x,'ids':e.ids} for x,e in zip(texts,enc)]
note=f"Ids by Hugging Face tokenizers {tokenizers.__version__} from all-MiniLM-L6-v2/tokenizer.json, no padding, cut at 256; embeddings.safetensors has the unit embeddings of the same rows."
json.dump({'note':note,'texts':rows},open(F+'hard-texts.json','w'),indent=0)
def embed(model,ids):
    out=[]
    with torch.no_grad():
        for i in ids:
            h=model(input_ids=torch.tensor([i]),attention_mask=torch.ones(1,len(i),dtype=torch.long)).last_hidden_state[0]
            out.append(torch.nn.functional.normalize(h.mean(0),dim=0))
    return torch.stack(out)
torch.manual_seed(3)
m=AutoModel.from_pretrained(M).eval().float()
ids=[e.ids for e in enc]
base=embed(m,ids)
from peft import LoraConfig,get_peft_model
p=get_peft_model(m,LoraConfig(r=1,lora_alpha=2,lora_dropout=0.0,target_modules=['query','key','value','dense'],layers_to_transform=[1,4],layers_pattern='layer')).eval()
T={}
for n,w in p.named_parameters():
    if 'lora_' in n:
        w.data=(torch.randn_like(w)*(0.05 if 'lora_A' in n else 0.15)).float()
        path=n.replace('base_model.model.','').replace('.default.weight','')
        T['adapter.'+path]=w.data.clone().contiguous()
sub=list(range(4,16)); ad=embed(p,[ids[i] for i in sub])
T['embeddings']=base.contiguous(); T['adapted']=ad.contiguous()
save_file(T,F+'embeddings.safetensors',metadata={'note':f'torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}, f32: unit mean of the last hidden state for the rows of hard-texts.json (embeddings) and, for its rows 4 to 15, with the random LoRA adapter.* of rank 1, alpha 2, on layers 1 and 4 (adapted)'})
